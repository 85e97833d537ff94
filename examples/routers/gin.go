package routers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/slaunchx/apikeys"
)

// RequireGin is like [apikeys.Service.RequireHTTP], for gin. Handlers get the
// caller's identity from c.Request.Context() with [apikeys.IdentityFrom].
func RequireGin(service *apikeys.Service, scopes ...string) gin.HandlerFunc {
	require := service.RequireHTTP(scopes...)
	return func(c *gin.Context) {
		admitted := false
		require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			admitted = true
			c.Request = r // its context has the identity
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
		if !admitted {
			c.Abort() // the response has been written
		}
	}
}
