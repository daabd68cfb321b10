package main

import (
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// settings are the flags that are environment variables too, by the name of the flag.
type settings map[string]*kong.Value

func settingsOf(model *kong.Application) settings {
	found := settings{}
	// The visitor returns no error.
	_ = kong.Visit(model.Node, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && len(flag.Tag.Envs) > 0 {
			found[flag.Name] = flag.Value
		}
		return next(nil)
	})
	return found
}

// trim removes white space around the values of settings and around the members of lists, in the environment
// and in the arguments, which it returns. An empty setting is removed: it is one that was not set.
func (s settings) trim(arguments []string) ([]string, error) {
	for _, setting := range s {
		for _, variable := range setting.Tag.Envs {
			text, found := os.LookupEnv(variable)
			if !found {
				continue
			}
			change := os.Unsetenv(variable)
			if text = trimValue(setting, text); text != "" {
				change = os.Setenv(variable, text)
			}
			if change != nil {
				return nil, change
			}
		}
	}
	return s.trimArguments(arguments), nil
}

func (s settings) trimArguments(arguments []string) []string {
	var trimmed []string
	for i := 0; i < len(arguments); i++ {
		if arguments[i] == "--" {
			return append(trimmed, arguments[i:]...)
		}
		name, value, joined := strings.Cut(strings.TrimPrefix(arguments[i], "--"), "=")
		setting := s[name]
		valueMissing := !joined && (i+1 == len(arguments) || strings.HasPrefix(arguments[i+1], "-"))
		if setting == nil || !strings.HasPrefix(arguments[i], "--") || valueMissing {
			trimmed = append(trimmed, arguments[i])
			continue
		}
		if !joined {
			i++
			value = arguments[i]
		}
		if value = trimValue(setting, value); value != "" {
			trimmed = append(trimmed, "--"+name+"="+value)
		}
	}
	return trimmed
}

// trimValue returns the text of a setting without white space around it and around the members of a list. Empty
// members are left out. In a list of numbers, where the place of a member matters, only those at the end are.
func trimValue(setting *kong.Value, text string) string {
	if !setting.IsSlice() || setting.Tag.Sep == -1 {
		return strings.TrimSpace(text)
	}
	separator, numbers := string(setting.Tag.Sep), setting.Target.Type().Elem().Kind() == reflect.Int
	var members []string
	for member := range strings.SplitSeq(text, separator) {
		if member = strings.TrimSpace(member); member != "" || numbers {
			members = append(members, member)
		}
	}
	return strings.TrimRight(strings.Join(members, separator), separator)
}
