package tests

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are the documents for people, by their paths in the repository.
var documents = []string{"README.md", "impl/README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"}

const maxReadmeLines = 150

// TestDocuments checks that every file and every test that the documents name exists.
func TestDocuments(t *testing.T) {
	t.Parallel()
	if lines := strings.Count(string(readFile(t, "../README.md")), "\n"); lines > maxReadmeLines {
		t.Errorf("README.md has %d lines, and should have %d at most", lines, maxReadmeLines)
	}
	tests := testNames(t)
	for _, document := range documents {
		text := string(readFile(t, "../"+document))
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)[^)]*\)`).FindAllStringSubmatch(text, -1) {
			checkExists(t, document, filepath.Join("..", filepath.Dir(document), link[1]))
		}
		for _, path := range regexp.MustCompile("`((?:impl|db|gen|tests|\\.ci|\\.github)/[A-Za-z0-9_./-]+)`").FindAllStringSubmatch(text, -1) {
			checkExists(t, document, "../"+path[1])
		}
		for _, test := range regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(text, -1) {
			if !tests[test[1]] {
				t.Errorf("%s names the test %s, which does not exist", document, test[1])
			}
		}
	}
}

func checkExists(t *testing.T, document, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("%s names a file that does not exist: %v", document, err)
	}
}

// testNames returns the names of all tests of the repository.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	check(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if entry.IsDir() && entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, "_test.go") {
			for _, name := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(string(readFile(t, path)), -1) {
				names[name[1]] = true
			}
		}
		return err
	}))
	return names
}

// TestLibraries checks that CONTRIBUTING.md says of each library what breaks when it is updated, and names no
// others.
func TestLibraries(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(string(readFile(t, "../.github/CONTRIBUTING.md")), "\n| library |")
	used := map[string]bool{} // by the name in the table
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			used[name[1]] = false
		}
	}
	for _, library := range libraries(t) {
		found := false
		for name := range used {
			if library == name || strings.HasPrefix(library, name+"/") || strings.HasSuffix(library, "/"+name) {
				found, used[name] = true, true
			}
		}
		if !found {
			t.Errorf("CONTRIBUTING.md does not list %s", library)
		}
	}
	for name, used := range used {
		if !used {
			t.Errorf("CONTRIBUTING.md lists %s, which is not required", name)
		}
	}
}

// libraries returns what go.mod, tools included, and the package.json files require directly.
func libraries(t *testing.T) []string {
	t.Helper()
	var all []string
	requires, _, _ := strings.Cut(string(readFile(t, "../go.mod")), "// indirect")
	for _, require := range regexp.MustCompile(`(?m)^(?:tool |\t)(\S+)(?: v\S+)?$`).FindAllStringSubmatch(requires, -1) {
		all = append(all, strings.TrimPrefix(require[1], "github.com/"))
	}
	for _, dir := range []string{"gen/ts", "impl/web", ".ci/spec", ".ci/prism"} {
		var packages struct{ Dependencies, DevDependencies map[string]string }
		check(t, json.Unmarshal(readFile(t, "../"+dir+"/package.json"), &packages))
		for _, group := range []map[string]string{packages.Dependencies, packages.DevDependencies} {
			for name := range group {
				all = append(all, name)
			}
		}
	}
	return all
}
