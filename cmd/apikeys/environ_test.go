package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnknownVariables_AreMisspeltOnes(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"APIKEYS_ADDR": true, "APIKEYS_PEPPERS_FILE": true, "APIKEYS_ADDR_FILE": false}
	cases := map[string]struct {
		environ []string
		want    []string
	}{
		"a known one is ignored":                            {[]string{"APIKEYS_ADDR=:1", "APIKEYS_PEPPERS_FILE=f"}, nil},
		"one of another program is ignored":                 {[]string{"PATH=/bin", "MY_APIKEYS_ADDR=:1", "APIKEYSX=1"}, nil},
		"one of the tests is ignored":                       {[]string{"APIKEYS_TEST_DATABASE_URL=postgres://"}, nil},
		"a file for a setting that is not secret":           {[]string{"APIKEYS_ADDR_FILE=f"}, []string{"APIKEYS_ADDR_FILE"}},
		"several are in order":                              {[]string{"APIKEYS_B=1", "APIKEYS_A=x=y"}, []string{"APIKEYS_A", "APIKEYS_B"}},
		"an empty one is ignored":                           {[]string{"APIKEYS_A="}, nil},
		"those of a Kubernetes service are ignored":         {[]string{"APIKEYS_SERVICE_HOST=10.0.0.1", "APIKEYS_SERVICE_PORT=80", "APIKEYS_SERVICE_PORT_HTTP=80", "APIKEYS_PORT=tcp://10.0.0.1:80"}, nil},
		"those of its ports are ignored":                    {[]string{"APIKEYS_PORT_80_TCP=tcp://10.0.0.1:80", "APIKEYS_PORT_80_TCP_PROTO=tcp", "APIKEYS_PORT_80_TCP_ADDR=10.0.0.1"}, nil},
		"those of a service with a longer name are ignored": {[]string{"APIKEYS_INTERNAL_SERVICE_HOST=10.0.0.1", "APIKEYS_INTERNAL_PORT=tcp://10.0.0.1:81", "APIKEYS_INTERNAL_PORT_81_TCP_PORT=81"}, nil},
		"a port meant for listening":                        {[]string{"APIKEYS_PORT=8080"}, []string{"APIKEYS_PORT"}},
		"one that only resembles those of a service":        {[]string{"APIKEYS_SERVICE_HOSTS=a", "APIKEYS_PORT_HTTP=80"}, []string{"APIKEYS_PORT_HTTP", "APIKEYS_SERVICE_HOSTS"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, unknownVariables(tc.environ, known)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
