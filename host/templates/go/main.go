// A program: its arguments and its input come from the manifest, its output is the answer.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err.Error())
	}
	words := len(strings.Fields(string(text)))
	if words == 0 {
		fail("the text has no words in it")
	}
	fmt.Printf("%d words", words)
	if len(os.Args) > 1 && os.Args[1] == "--lines" {
		fmt.Printf(", %d line breaks", strings.Count(string(text), "\n"))
	}
	fmt.Println()
}

// What goes to stderr, with an exit code other than 0, is an error that the model reads.
func fail(reason string) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(1)
}
