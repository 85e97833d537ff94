import createClient from "openapi-fetch";
import type { paths } from "./apikeys.js";

const { KEYS_URL = "http://localhost:8080", KEYS_TOKEN = "" } = process.env;
const api = createClient<paths, "application/json">({ baseUrl: KEYS_URL, headers: { Authorization: `Bearer ${KEYS_TOKEN}` } });
const ofWorkspace = { path: { workspaceId: "ws_1" }, header: { "X-Workspace-Id": "ws_1", "X-Client-Hash": "billing-portal" } };

const created = await api.POST("/web/v1/workspaces/{workspaceId}/api-keys", {
  params: ofWorkspace,
  body: { name: "Checkout", scopes: ["payment:read"] },
});
if (created.error) throw new Error(created.error.message);
const { apiKeyId, secret } = created.data.data; // the secret is in no later response
console.log(`created ${apiKeyId} with a secret of ${secret?.length} characters`);

const listed = await api.GET("/web/v1/workspaces/{workspaceId}/api-keys", {
  params: { ...ofWorkspace, query: { status: "ACTIVE", size: 100 } },
});
if (listed.error) throw new Error(listed.error.message);
for (const key of listed.data.data.items) console.log(`listed ${key.name}, last used ${key.lastUsedAt ?? "never"}`);

const rotated = await api.POST("/web/v1/workspaces/{workspaceId}/api-keys/{keyId}/rotate", {
  params: { ...ofWorkspace, path: { ...ofWorkspace.path, keyId: apiKeyId } },
  body: { gracePeriodSeconds: 3600 },
});
if (rotated.error) throw new Error(rotated.error.message);
console.log(`rotated ${rotated.data.data.name}: ${rotated.data.data.secret !== secret}`);

// Every error is an Error or a ValidationError; the code tells which.
const rejected = await api.POST("/web/v1/workspaces/{workspaceId}/api-keys", { params: ofWorkspace, body: { name: "" } });
switch (rejected.error?.code) {
  case "4000":
    for (const fault of rejected.error.errors) console.log(`rejected ${fault.field}: ${fault.reason}`);
    break;
  case "4092":
    console.log("the workspace has too many keys");
}
