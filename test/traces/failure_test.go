package traces_test

import (
	"net/http"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// quoting has the server quote a value in an error, as those of some versions
// and languages do by themselves.
const quoting = `CREATE FUNCTION quote_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no %', NEW.name; END $$;
CREATE TRIGGER quoting BEFORE INSERT ON api_keys FOR EACH ROW EXECUTE FUNCTION quote_name()`

func TestTraces_tellAnErrorByItsCodeAlone(t *testing.T) {
	t.Parallel()
	database := stores["postgres"](t)
	s := newTraced(t, database)
	db := sqlx.MustConnect("postgres", database)
	defer db.Close()
	db.MustExecContext(t.Context(), quoting)
	s.manage(t, http.MethodPost, "", `{"name":"a name that is quoted"}`, header{"X-Request-Id": s.id("failing")})
	s.sent(t)

	request := received.request(t, s.id("failing"))
	if request.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || request.says["error.type"] != "500" || request.says["apikeys.code"] != "5000" {
		t.Errorf("the request ended as %v, %q, %q", request.Status, request.says["error.type"], request.says["apikeys.code"])
	}
	failed := received.that(func(s span) bool { return s.trace() == request.trace() && s.says["db.response.status_code"] == "P0001" })
	if len(failed) != 1 || failed[0].Name != "WITH" || len(failed[0].Events) != 0 {
		t.Errorf("%d statements failed by that code: %v", len(failed), failed)
	}
	if received.holds("a name that is quoted") {
		t.Error("the error was sent with the value it quotes")
	}
}
