package password

import (
	"regexp"
	"strconv"

	"github.com/trustelem/zxcvbn/match"
)

var (
	recentYear    = regexp.MustCompile(`^(19\d\d|20[01]\d)$`)
	separatedDate = regexp.MustCompile(`^(\d{1,4})([\s/\\_.-])(\d{1,2})([\s/\\_.-])(\d{1,4})$`)
	plainDate     = regexp.MustCompile(`^\d{4,8}$`)
)

// dateSplits says by length where the second and the third number of a date without separators begin.
var dateSplits = [9][][2]int{
	4: {{1, 2}, {2, 3}},
	5: {{1, 3}, {2, 3}},
	6: {{1, 2}, {2, 4}, {4, 5}},
	7: {{1, 3}, {2, 3}, {4, 5}, {4, 6}},
	8: {{2, 4}, {4, 6}},
}

// dates finds years and dates, such as "1843" and "10/12/1815".
func (e *estimate) dates() {
	e.parts(4, 10, func(i, j int) {
		part := string(e.text[i:j])
		if recentYear.MatchString(part) {
			e.add(i, j, match.Match{Pattern: "regex", RegexName: "recent_year"})
		}
		if plainDate.MatchString(part) {
			for _, split := range dateSplits[len(part)] {
				e.date(i, j, "", part[:split[0]], part[split[0]:split[1]], part[split[1]:])
			}
		}
		if m := separatedDate.FindStringSubmatch(part); m != nil && m[2] == m[4] {
			e.date(i, j, m[2], m[1], m[3], m[5])
		}
	})
}

func (e *estimate) date(i, j int, separator, a, b, c string) {
	if year, ok := yearOf(number(a), number(b), number(c)); ok {
		e.add(i, j, match.Match{Pattern: "date", Separator: separator, Year: year})
	}
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// yearOf returns the year of three numbers if they are a date. The year is the first or the last.
func yearOf(a, b, c int) (year int, ok bool) {
	if b < 1 || b > 31 || a == 0 && c == 0 || !possibleInDate(a) || !possibleInDate(c) {
		return 0, false
	}
	outer := [2][2]int{{c, a}, {a, c}} // the year, and the day or the month
	for _, o := range outer {
		if o[0] >= 1000 {
			return o[0], isDayAndMonth(o[1], b)
		}
	}
	for _, o := range outer {
		if isDayAndMonth(o[1], b) {
			return fourDigits(o[0]), true
		}
	}
	return 0, false
}

func possibleInDate(n int) bool { return n <= 99 || n >= 1000 && n <= 2050 }

func isDayAndMonth(a, b int) bool { return a <= 31 && b <= 12 || b <= 31 && a <= 12 }

func fourDigits(year int) int {
	if year > 50 {
		return year + 1900
	}
	return year + 2000
}
