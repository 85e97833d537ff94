package config_test

import (
	"strings"
	"testing"
)

func TestValidate_RejectsSettingsOfTheConsole(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		console, origin, want string
	}{
		"neither on nor off": {"yes", "", `APIKEYS_CONSOLE: is "yes"; write on or off`},
		"empty":              {"", "", `APIKEYS_CONSOLE: is ""; write on or off`},
		"a wildcard":         {"on", "https://*.portal.example", "APIKEYS_CONSOLE_ORIGINS: \"https://*.portal.example\" has a wildcard"},
		"a path":             {"off", "https://portal.example/app", "APIKEYS_CONSOLE_ORIGINS: \"https://portal.example/app\" has more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := valid()
			c.Console = tc.console
			if tc.origin != "" {
				c.ConsoleOrigins = []string{"https://portal.example", tc.origin}
			}
			err := c.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("Validate() = %v, want %s", err, tc.want)
			}
		})
	}
}
