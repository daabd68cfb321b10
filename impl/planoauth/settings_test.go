package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// parse reads the environment and the arguments, separated by |, as main does.
func parse(t *testing.T, environment map[string]string, arguments string) (command, error) {
	t.Helper()
	var c command
	parser := kong.Must(&c, kong.Name("planoauth"))
	settings := settingsOf(parser.Model)
	for _, setting := range settings {
		for _, variable := range setting.Tag.Envs {
			t.Setenv(variable, "") // so that the test restores it
			os.Unsetenv(variable)
		}
	}
	for variable, text := range environment {
		os.Setenv(variable, text)
	}
	trimmed, err := settings.trim(strings.FieldsFunc(arguments, func(r rune) bool { return r == '|' }))
	if err == nil {
		_, err = parser.Parse(trimmed)
	}
	return c, err
}

// TestEmptySettings: an empty variable is an unset one, and so are one of blanks and an empty flag, for each
// setting of each verb.
func TestEmptySettings(t *testing.T) {
	unset, err := parse(t, nil, "serve")
	if err != nil {
		t.Fatal(err)
	}
	var c command
	for flag, setting := range settingsOf(kong.Must(&c).Model) {
		for _, text := range []string{"", " ", "\t\n", " , "} {
			if strings.Contains(text, ",") && !setting.IsSlice() {
				continue
			}
			if got, err := parse(t, map[string]string{setting.Tag.Envs[0]: text}, "serve"); err != nil || fmt.Sprint(got) != fmt.Sprint(unset) {
				t.Errorf("%s=%q: %v", setting.Tag.Envs[0], text, err)
			}
			for _, arguments := range []string{"serve|--" + flag + "=" + text, "serve|--" + flag + "|" + text} {
				if text == "" && !strings.HasSuffix(arguments, "=") {
					continue // FieldsFunc drops it
				}
				if got, err := parse(t, nil, arguments); err != nil || fmt.Sprint(got) != fmt.Sprint(unset) {
					t.Errorf("%q: %v", arguments, err)
				}
			}
		}
	}
	for _, verb := range []string{"migrate", "deploy", "application|list"} {
		got, err := parse(t, map[string]string{"DATABASE_URL": " ", "DATA_DIR": "", "ADDR": "", "THROTTLE_LINKS": "x"}, verb)
		if err != nil || got.Migrate.DatabaseURL+got.Deploy.DataDir != "" {
			t.Errorf("%s: %v", verb, err)
		}
	}
}

// TestBlanksInSettings: white space around values and list members is ignored. A row has the serve flags after |.
func TestBlanksInSettings(t *testing.T) {
	got, err := parse(t, map[string]string{
		"ADDR": " 127.0.0.1:9 ", "DATABASE_URL": "postgres://x\n", "THROTTLE_ADDRESS": " 7 ", "THROTTLE_LINKS": " 4 , 5 ,", "TRUSTED_PROXIES": " 10.0.0.0/8 ,, ::1/128\n",
		"DISCLOSURE": "opaque\r\n",
	}, "serve|--metrics-addr| 127.0.0.1:8 |--hash-workers= 2 ")
	s := got.Serve
	if err != nil || s.Addr != "127.0.0.1:9" || s.DatabaseURL != "postgres://x" || s.ThrottleAddress != 7 || fmt.Sprint(s.ThrottleLinks) != "[4 5]" ||
		fmt.Sprint(s.TrustedProxies) != fmt.Sprint([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}) ||
		s.Disclosure != "opaque" || s.MetricsAddr != "127.0.0.1:8" || s.HashWorkers != 2 {
		t.Errorf("settings are %+v (%v)", s, err)
	}
}

// TestUnreadableSettings: the error names the variable.
func TestUnreadableSettings(t *testing.T) {
	for variable, text := range map[string]string{
		"HASH_WORKERS": "many", "ARGON2_MEMORY": "-1", "THROTTLE_ADDRESS": "1.5", "THROTTLE_LINKS": ",10", "TRUSTED_PROXIES": "10.0.0.0/8 127.0.0.0/8",
	} {
		if _, err := parse(t, map[string]string{variable: text}, "serve"); err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("%s=%s: %v", variable, text, err)
		}
	}
}

// TestArgumentsStay: what is no setting keeps its white space, and an empty value its meaning.
func TestArgumentsStay(t *testing.T) {
	got, err := parse(t, nil, "application|set|planoship|--url=|--name| Ship |--data-dir=")
	if set := got.Application.Set; err != nil || set.URL == nil || *set.URL != "" || *set.Name != " Ship " {
		t.Errorf("settings are %+v (%v)", set, err)
	}
	if _, err := parse(t, nil, "serve|--addr"); err == nil {
		t.Error("--addr without a value is accepted")
	}
}
