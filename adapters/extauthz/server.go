package extauthz

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
)

// Options configure a [Server]. Every field is required unless it says otherwise.
type Options = keycheck.ServerOptions

// The bounds of a server. A caller without the internal token cannot make it read
// a message at all.
const (
	// maxMessage leaves room for the headers of a request, which Envoy limits to
	// 60 KiB by default. The body of a request is not needed.
	maxMessage = 256 << 10
	// maxRead is the size of a message above which gRPC itself responds with an error.
	// Envoy cannot send as much without the body, because its limit for headers cannot
	// exceed 8 MiB.
	maxRead = 16 << 20
	// maxStreams is the maximum number of calls in flight on one connection; for more,
	// Envoy opens another connection.
	maxStreams = 256
	// maxInFlight is the maximum number of checks in flight on all connections.
	maxInFlight = 2048
	// maxMetadata is the maximum size of the metadata of a call.
	maxMetadata = 16 << 10

	streamWindow     = 64 << 10
	connectionWindow = 1 << 20

	handshakeTimeout = 5 * time.Second
)

// Connections are pinged, so that those of a caller that is gone are closed. A caller
// may ping as well, but only so often.
var (
	alive = keepalive.ServerParameters{
		MaxConnectionIdle: 5 * time.Minute,
		Time:              30 * time.Second,
		Timeout:           10 * time.Second,
	}
	pings = keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}
)

// Server serves Authorization/Check within bounds. Every call that reaches it gets a
// response: if there is no decision, the request is denied.
type Server struct {
	grpc *grpc.Server
}

// New returns a server with these options.
func New(o Options) (*Server, error) {
	if o.Authorize == nil || o.Messages == nil || o.Logger == nil || o.Now == nil {
		return nil, errors.New("extauthz: Authorize, Messages, Logger and Now are required")
	}
	s := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxRead),
		grpc.ForceServerCodecV2(tolerant{encoding.GetCodecV2(proto.Name)}),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxMetadata),
		grpc.StaticStreamWindowSize(streamWindow),
		grpc.StaticConnWindowSize(connectionWindow),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.NumStreamWorkers(uint32(4*runtime.GOMAXPROCS(0))), // their stacks need not grow for each call
		grpc.KeepaliveParams(alive),
		grpc.KeepaliveEnforcementPolicy(pings),
	)
	s.RegisterService(&service, &checker{options: o, language: o.Messages.Match(), places: make(chan struct{}, maxInFlight)})
	return &Server{grpc: s}, nil
}

// service describes Authorization with a handler that receives the message itself. The
// generated handler would read the message before the caller is authenticated.
var service = grpc.ServiceDesc{
	ServiceName: authv3.Authorization_ServiceDesc.ServiceName,
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Check", Handler: handle}},
	Metadata:    authv3.Authorization_ServiceDesc.Metadata,
}

func handle(server any, ctx context.Context, receive func(any) error, _ grpc.UnaryServerInterceptor) (any, error) { //nolint:revive // the order of gRPC
	return server.(*checker).serve(ctx, receive) //nolint:forcetypeassert // New registers nothing else
}

// message is a CheckRequest, or the reason why it could not be decoded.
type message struct {
	request authv3.CheckRequest
	err     error
}

// tolerant is a codec that accepts any message. Otherwise gRPC would respond to a
// malformed message with an error, which failure_mode_allow would turn into an
// approval.
type tolerant struct{ encoding.CodecV2 }

// Unmarshal implements encoding.CodecV2.
func (t tolerant) Unmarshal(data mem.BufferSlice, v any) error {
	m := v.(*message) //nolint:forcetypeassert // the only type that is received
	if data.Len() > maxMessage {
		m.err = answer.ErrTooLarge
	} else if t.CodecV2.Unmarshal(data, &m.request) != nil {
		m.err = errMalformed
	}
	return nil
}

// Serve serves the connections of l until [Server.Drain]. It always returns a
// non-nil error.
func (s *Server) Serve(l net.Listener) error {
	if err := s.grpc.Serve(l); err != nil {
		return fmt.Errorf("ext_authz: %w", err)
	}
	return grpc.ErrServerStopped
}

// Drain stops accepting connections and waits for the checks in flight. When ctx
// ends it aborts them, and returns an error.
func (s *Server) Drain(ctx context.Context) error {
	drained := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(drained)
	}()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		s.grpc.Stop()
		return fmt.Errorf("checks aborted: %w", ctx.Err())
	}
}
