package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
)

// The faults of the largest body, with as many members and faults as possible: a caller
// who sends it must not occupy the processor.
func BenchmarkFaults_OfManyMembers(b *testing.B) {
	var text strings.Builder
	wrong := strings.Repeat(`"A",`, 100) + `"A"`
	fmt.Fprintf(&text, `{"name":"","scopes":[%s],"ipWhitelist":[%s]`, wrong, wrong)
	for i := 0; text.Len() < maxBody-20; i++ {
		fmt.Fprintf(&text, `,"%x":1`, i)
	}
	text.WriteString("}")
	body, err := form.ParseJSON([]byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		spec, read := toKeySpec(body)
		_, faults := spec.Draft("ws_1", time.Now())
		if all := read.With(faults); len(all) < 200 {
			b.Fatalf("%d faults", len(all))
		}
	}
}
