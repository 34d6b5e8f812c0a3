// The functions that the .wit exports; there `countWords` is written `count-words`.
export function countWords(text, distinct) {
    const words = text.split(/\s+/).filter(Boolean);
    // What is thrown is the `err` of the function's result: an error that the model reads.
    if (words.length === 0) throw "`text` has no words in it";
    return distinct ? new Set(words).size : words.length;
}
