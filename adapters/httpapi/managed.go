package httpapi

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/elnormous/contenttype"
	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// maxBody is the largest body of a management request, in bytes.
const maxBody = 64 << 10

// managedHandler serves a request of the owner of a workspace.
type managedHandler func(x *exchange, ws *application.Workspace) error

// managed judges a management request in the order the contract fixes, so
// that nobody learns what they may not know: declared size, token, rate,
// accepted type, content type, headers, role. What is left to h is the body and
// the state. An overload is answered before the token, and says nothing of it.
func (a *API) managed(h managedHandler) echo.HandlerFunc {
	return a.plain(func(x *exchange) error {
		r := x.Request()
		if r.ContentLength > maxBody {
			return errTooLarge
		}
		if err := a.Admission.look(); err != nil {
			return err
		}
		actor, err := x.admitted()
		if err != nil {
			return err
		}
		if !acceptsJSON(r.Header.Values("Accept")) {
			return errNotAcceptable
		}
		if r.ContentLength != 0 && !sendsJSON(r.Header.Values("Content-Type")) {
			return errMediaType
		}
		if err := readable(r); err != nil {
			return err
		}
		workspace, origin, faults := x.context(r)
		if faults != nil {
			return faults.Err()
		}
		ws, err := carryOut(x, func(ctx context.Context) (*application.Workspace, error) {
			return a.Workspaces.Open(ctx, actor, workspace, origin)
		})
		if err != nil {
			return err
		}
		return h(x, ws)
	})
}

var offered = []contenttype.MediaType{
	contenttype.NewMediaType("application/json"),
	contenttype.NewMediaType("application/json; charset=utf-8"),
}

// acceptsJSON says whether an Accept header (RFC 9110 section 12.5.1) admits
// what this API answers.
func acceptsJSON(values []string) bool {
	var ranges []string
	empty := true
	for item := range strings.SplitSeq(strings.ToLower(strings.Join(values, ",")), ",") {
		if strings.TrimSpace(item) == "" {
			continue // RFC 9110 section 5.6.1.2
		}
		empty = false
		item = strings.Trim(strings.TrimRight(item, "; \t"), " \t") // section 5.6.6
		item = strings.ReplaceAll(item, "q=.", "q=0.")              // as HttpURLConnection of Java sends by itself
		// The library drops the whole list for one item that it cannot read.
		_, _, err := contenttype.GetAcceptableMediaTypeFromHeader(item, offered)
		if err == nil || errors.Is(err, contenttype.ErrNoAcceptableTypeFound) {
			ranges = append(ranges, item)
		}
	}
	if empty {
		return true
	}
	_, _, err := contenttype.GetAcceptableMediaTypeFromHeader(strings.Join(ranges, ","), offered)
	return len(ranges) > 0 && err == nil
}

func sendsJSON(values []string) bool {
	if len(values) != 1 {
		return false
	}
	mediaType, params, err := mime.ParseMediaType(values[0])
	if err != nil || mediaType != "application/json" {
		return false
	}
	charset, named := params["charset"]
	if named && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return len(params) == 0 || named && len(params) == 1
}

// context reads where the request came from and which workspace it is for.
// Faults come in the order path, headers, with what is missing last.
func (x *exchange) context(r *http.Request) (domain.WorkspaceID, domain.Origin, domain.Faults) {
	inPath := pathParam(x, "workspaceId")
	workspace, faults := domain.ParseWorkspaceID(inPath)
	faults = faults.At("workspaceId")

	clientHash, f := header(r.Header, "X-Client-Hash", 256, required)
	faults = append(faults, f...)
	named, f := header(r.Header, "X-Workspace-Id", 0, required)
	if f == nil && named != inPath {
		f = domain.Faults{{Field: "X-Workspace-Id", Reason: domain.ReasonMismatch, Rule: RuleWorkspaceMismatch}}
	}
	faults = append(faults, f...)
	most := 0 // where it says nothing, only how often it was sent counts
	if r.Method == http.MethodPost {
		most = 255
	}
	_, f = header(r.Header, idempotencyKey, most, optional)
	faults = append(faults, f...)
	_, f = header(r.Header, "X-Api-Key", 0, optional)
	faults = append(faults, f...)
	if faults != nil {
		slices.SortStableFunc(faults, missingLast)
		return "", domain.Origin{}, faults
	}
	x.workspace = workspace
	return workspace, domain.Origin{
		ClientHash: clientHash,
		IP:         clientAddr(r, x.api.TrustedProxies),
		RequestID:  x.requestID,
	}, nil
}

// pathParam returns a path parameter decoded once, or as it stands when its
// escapes are malformed.
func pathParam(x *exchange, name string) string {
	value := x.Param(name)
	if x.Request().URL.RawPath == "" { // net/http has decoded it
		return value
	}
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

func missingLast(a, b domain.Fault) int {
	rank := func(f domain.Fault) int {
		if f.Reason == domain.ReasonRequired {
			return 1
		}
		return 0
	}
	return rank(a) - rank(b)
}
