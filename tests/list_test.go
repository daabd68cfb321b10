package tests

import (
	"strings"
	"testing"

	"github.com/planoauth/planoauth/gen/client"
)

// list is a page that an index operation has answered.
type list[Row any] struct {
	rows  []Row
	next  string
	count int64
}

// listRow is a row of a table about an index operation: params, and the names of the results in order.
type listRow[Params any] struct {
	name   string
	params Params
	want   string
}

// checkList asks for each row with pages of several sizes, by number and by page.after.
func checkList[Params, Row any](t *testing.T, rows []listRow[Params], ask func(Params, client.ListPage) (list[Row], error), name func(Row) string) {
	t.Helper()
	names := func(page list[Row]) (names []string) {
		for _, row := range page.rows {
			names = append(names, name(row))
		}
		return names
	}
	for _, row := range rows {
		for _, size := range []int{0, 1, 2, 100} {
			var after, numbered []string
			page := client.ListPage{Size: size}
			for {
				found, err := ask(row.params, page)
				check(t, err)
				after = append(after, names(found)...)
				if found.count != int64(len(strings.Fields(row.want))) && size == 100 && !strings.Contains(row.want, "% ") {
					t.Errorf("%s: the count is %d", row.name, found.count)
				}
				if found.next == "" {
					break
				}
				page.After = found.next
			}
			for number := 1; ; number++ {
				found, err := ask(row.params, client.ListPage{Size: size, Number: number})
				check(t, err)
				if numbered = append(numbered, names(found)...); found.next == "" {
					break
				}
			}
			if got := strings.Join(after, " "); got != row.want {
				t.Errorf("%s, in pages of %d: want %s, have %s", row.name, size, row.want, got)
			}
			if got := strings.Join(numbered, " "); got != row.want {
				t.Errorf("%s, in numbered pages of %d: want %s, have %s", row.name, size, row.want, got)
			}
		}
	}
}
