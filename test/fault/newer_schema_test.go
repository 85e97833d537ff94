package fault

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
)

// Rolling a release back means running the older build on the newer schema.
func TestService_ServesANewerSchemaAndLogsIt(t *testing.T) {
	t.Parallel()
	for name, databaseURL := range stores {
		for _, migrates := range []string{config.MigrateAuto, config.MigrateOff} {
			t.Run(name+" with APIKEYS_MIGRATE="+migrates, func(t *testing.T) {
				t.Parallel()
				cfg := deploy(t, databaseURL(t)).settings.config()
				if log := logOfStart(t, cfg); strings.Contains(log, "newer") {
					t.Errorf("about its own schema it logs:\n%s", log)
				}
				db := openDatabase(t, cfg.DatabaseURL.Reveal())
				if _, err := db.ExecContext(t.Context(), `INSERT INTO apikeys_schema_versions (version_id, is_applied) VALUES (99, true)`); err != nil {
					t.Fatal(err)
				}
				cfg.Migrate = migrates
				const said = `level=WARN msg="the schema is newer than this build, which serves it as it is" version=99`
				if log := logOfStart(t, cfg); strings.Count(log, said) != 1 {
					t.Errorf("it logs:\n%s", log)
				}
			})
		}
	}
}

// logOfStart returns the log of a service that becomes ready and is then
// closed.
func logOfStart(t *testing.T, cfg config.Config) string {
	t.Helper()
	var log bytes.Buffer
	service, err := apikeys.New(t.Context(), cfg, apikeys.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Ready(t.Context()); err != nil {
		t.Errorf("Ready() = %v", err)
	}
	if err := service.Close(); err != nil { // waits for its last log lines
		t.Error(err)
	}
	return log.String()
}
