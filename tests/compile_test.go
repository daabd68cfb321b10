package tests

import (
	"os/exec"
	"strings"
	"testing"
)

// TestUnlistedSlugDoesNotCompile builds two handlers that differ in one slug: the listed one must compile,
// and the unlisted one must fail for that reason.
func TestUnlistedSlugDoesNotCompile(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("go", "build", "./testdata/listed").CombinedOutput(); err != nil {
		t.Fatalf("the listed slug does not compile: %s", out)
	}
	out, err := exec.Command("go", "build", "./testdata/unlisted").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "gen.EmailNotFound does not implement gen.SessionsReadResponseObject") {
		t.Errorf("the unlisted slug compiles, or fails for another reason: %v %s", err, out)
	}
}
