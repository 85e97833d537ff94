-- The action "http-request lua.apikeys" for HAProxy 2.6 or newer. It asks the
-- service whether the key of a request holds the scopes in txn.scope. If so, it
-- sets the identity headers of the request and the variable txn.allowed; if not,
-- it denies the request.
--
-- HAProxy continues with a request if a script fails, so the configuration must
-- deny every request without txn.allowed.
--
-- The variable proc.apikeys is the address of the service's internal listener, an
-- IP address and a port; proc.apikeys_token is APIKEYS_INTERNAL_TOKEN, if set.

-- The request headers that the service reads.
local read_by_service = { "x-api-key", "authorization", "accept-language", "x-request-id" }

-- The response headers that identify the caller to the API.
local identity = { "x-api-key-id", "x-api-key-mode", "x-api-key-scopes", "x-workspace-id" }

-- The response headers that a denied caller gets.
local refusal = {
	"cache-control", "content-language", "content-type", "ratelimit", "ratelimit-policy", "retry-after", "vary",
	"www-authenticate", "x-request-id",
}

local unavailable_headers = { ["cache-control"] = { "no-store" }, ["content-type"] = { "application/json" }, ["retry-after"] = { "1" } }
local unavailable = '{"success":false,"code":"5030","message":"Service temporarily unavailable"}'

-- pick returns the headers that have one of the names. HAProxy numbers the values
-- of a header from 0 in its results, and from 1 in arguments.
local function pick(headers, names)
	local picked = {}
	for _, name in ipairs(names) do
		if headers[name] then
			picked[name] = { headers[name][0], table.unpack(headers[name]) }
		end
	end
	return picked
end

local function ask(txn)
	local address, token = txn:get_var("proc.apikeys"), txn:get_var("proc.apikeys_token")
	local headers = pick(txn.http:req_get_headers(), read_by_service)
	headers["host"] = { address }
	headers["x-forwarded-for"] = { txn.f:src() }
	if token then
		headers["x-internal-token"] = { token }
	end
	return core.httpclient():get({
		-- A route that sets no scope is denied, since no key has the empty scope.
		url = "http://" .. address .. "/internal/v1/authorize?scope=" .. (txn:get_var("txn.scope") or ""),
		headers = headers,
		timeout = 3000, -- ms, for each of its four attempts
	})
end

local function refuse(txn, status, headers, body)
	local reply = txn:reply({ status = status, body = body })
	for name, values in pairs(headers) do
		for _, value in ipairs(values) do
			reply:add_header(name, value)
		end
	end
	txn:done(reply)
end

core.register_action("apikeys", { "http-req" }, function(txn)
	local answer = ask(txn)
	if answer.status == 401 or answer.status == 403 or answer.status == 429 then
		refuse(txn, answer.status, pick(answer.headers, refusal), answer.body)
	elseif answer.status ~= 204 then
		refuse(txn, 503, unavailable_headers, unavailable)
	else
		for _, name in ipairs(identity) do
			txn.http:req_set_header(name, answer.headers[name][0])
		end
		txn:set_var("txn.allowed", true)
	end
end, 0)
