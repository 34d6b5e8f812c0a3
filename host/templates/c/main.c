// A program: its arguments and its input come from the manifest, its output is the answer.
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    int lines_too = argc > 1 && strcmp(argv[1], "--lines") == 0;
    size_t words = 0, lines = 0;
    int in_word = 0, c;
    while ((c = getchar()) != EOF) {
        int space = c == ' ' || (c >= '\t' && c <= '\r');
        if (!space && !in_word) words++;
        in_word = !space;
        if (c == '\n') lines++;
    }
    if (words == 0) {
        // What goes to stderr, with an exit code other than 0, is an error that the model reads.
        fprintf(stderr, "the text has no words in it\n");
        return 1;
    }
    printf("%zu words", words);
    if (lines_too) printf(", %zu line breaks", lines);
    printf("\n");
    return 0;
}
