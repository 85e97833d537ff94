package traces_test

import (
	"net/http"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// quoting makes the server quote a value in an error, as some versions and languages
// do by default.
const quoting = `CREATE FUNCTION quote_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no %', NEW.name; END $$;
CREATE TRIGGER quoting BEFORE INSERT ON api_keys FOR EACH ROW EXECUTE FUNCTION quote_name()`

func TestTraces_ReportErrorsOnlyByCode(t *testing.T) {
	t.Parallel()
	database := stores["postgres"](t)
	s := newTraced(t, database)
	db := sqlx.MustConnect("postgres", database)
	defer db.Close()
	db.MustExecContext(t.Context(), quoting)
	s.manage(t, http.MethodPost, "", `{"name":"a name that is quoted"}`, header{"X-Request-Id": s.id("failing")})
	s.sent(t)

	request := received.request(t, s.id("failing"))
	if request.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || request.attributes["error.type"] != "500" || request.attributes["apikeys.code"] != "5000" {
		t.Errorf("the request ended as %v, %q, %q", request.Status, request.attributes["error.type"], request.attributes["apikeys.code"])
	}
	failed := received.spansThat(func(s span) bool {
		return s.trace() == request.trace() && s.attributes["db.response.status_code"] == "P0001"
	})
	if len(failed) != 1 || failed[0].Name != "WITH" || len(failed[0].Events) != 0 {
		t.Errorf("%d statements failed with that code: %v", len(failed), failed)
	}
	if received.contains("a name that is quoted") {
		t.Error("the traces contain the value that the error quotes")
	}
}
