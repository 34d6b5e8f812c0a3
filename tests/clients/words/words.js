export const words = {
    count(text, atLeast) {
        const found = text.split(/\s+/).filter(Boolean);
        if (found.length === 0) throw "the text has no words in it";
        const times = new Map();
        for (const word of found) times.set(word, (times.get(word) ?? 0) + 1);
        const tallies = [...times].map(([word, times]) => ({ word, times }));
        return tallies.filter(({ times }) => times >= (atLeast ?? 1));
    },
};
