package httpapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// maxBody is the largest body of a management request, in bytes.
const maxBody = 64 << 10

// managedHandler serves a request of the owner of a workspace.
type managedHandler func(x *exchange, ws *application.Workspace) error

// managed checks a management request in the order of the contract, so that callers
// learn nothing that they may not know: declared size, token, rate, accepted type,
// content type, headers, role. h checks the body and the state. An overload is reported
// before the token is checked, so it reveals nothing about the token.
func (a *API) managed(h managedHandler) echo.HandlerFunc {
	return a.plain(func(x *exchange) error {
		r := x.Request()
		if r.ContentLength > maxBody {
			return form.ErrTooLarge
		}
		if err := a.options.Concurrency.check(); err != nil {
			return err
		}
		actor, err := authenticateWithinRate(x)
		if err != nil {
			return err
		}
		if !form.AcceptsJSON(r.Header.Values("Accept")) {
			return errNotAcceptable
		}
		if r.ContentLength != 0 && !form.SendsJSON(r.Header.Values("Content-Type")) {
			return errMediaType
		}
		if err := form.CheckCoding(r); err != nil {
			return err
		}
		workspace, origin, faults := readTarget(x, r)
		if faults != nil {
			return faults.Err()
		}
		ws, err := carryOut(x, func(ctx context.Context) (*application.Workspace, error) {
			return a.options.Workspaces.Open(ctx, actor, workspace, origin)
		})
		if err != nil {
			return err
		}
		return h(x, ws)
	})
}

// readTarget reads the workspace of the request and its origin. Faults are in the
// order path, headers, with missing ones last.
func readTarget(x *exchange, r *http.Request) (domain.WorkspaceID, domain.Origin, domain.Faults) {
	inPath := pathParam(x, "workspaceId")
	workspace, faults := domain.ParseWorkspaceID(inPath)
	faults = faults.At("workspaceId")

	clientHash, f := form.Header(r.Header, "X-Client-Hash", 256, form.Required)
	faults = append(faults, f...)
	named, f := form.Header(r.Header, "X-Workspace-Id", 0, form.Required)
	if f == nil && named != inPath {
		f = domain.Faults{{Field: "X-Workspace-Id", Reason: domain.ReasonMismatch, Rule: RuleWorkspaceMismatch}}
	}
	faults = append(faults, f...)
	most := 0 // if the header has no meaning, only check that it is sent at most once
	if r.Method == http.MethodPost {
		most = 255
	}
	_, f = form.Header(r.Header, idempotencyKey, most, form.Optional)
	faults = append(faults, f...)
	_, f = form.Header(r.Header, "X-Api-Key", 0, form.Optional)
	faults = append(faults, f...)
	if faults != nil {
		slices.SortStableFunc(faults, missingLast)
		return "", domain.Origin{}, faults
	}
	x.workspace = workspace
	return workspace, domain.Origin{
		ClientHash: clientHash,
		IP:         clientAddr(r, x.api.options.TrustedProxies),
		RequestID:  x.requestID,
	}, nil
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
