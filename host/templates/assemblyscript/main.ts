// A program: its arguments and its input come from the manifest, its output is the answer.

const text = readAll();
const words = count(text);
if (words == 0) fail("the text has no words in it");
let answer = words.toString() + " words";
if (process.argv.length > 1 && process.argv[1] == "--lines") {
    answer += ", " + (text.split("\n").length - 1).toString() + " line breaks";
}
process.stdout.write(answer + "\n");

function count(text: string): i32 {
    let words = 0;
    let inWord = false;
    for (let i = 0; i < text.length; i++) {
        const c = text.charCodeAt(i);
        const space = c == 32 || (c >= 9 && c <= 13);
        if (!space && !inWord) words++;
        inWord = !space;
    }
    return words;
}

function readAll(): string {
    const bytes = new Array<u8>();
    const part = new Uint8Array(4096);
    let read = process.stdin.read(part.buffer);
    while (read > 0) {
        for (let i = 0; i < read; i++) bytes.push(part[i]);
        read = process.stdin.read(part.buffer);
    }
    return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length);
}

// What goes to stderr, with an exit code other than 0, is an error that the model reads.
function fail(reason: string): void {
    process.stderr.write(reason + "\n");
    process.exit(1);
}
