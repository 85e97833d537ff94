// The API, with the types of its document.
import type { components } from 'openapi';
import { api } from './place';
import { end, randomText, session } from './session';
import { language } from './text';

type Schemas = components['schemas'];
export type Key = Schemas['Key'];
export type NewKey = Schemas['NewKey'];
export type KeyPatch = Schemas['KeyPatch'];
export type CreatedKey = Schemas['CreatedKey'];
export type RotatedKey = Schemas['RotatedKey'];
export type RateLimit = Schemas['RateLimit'];
export type Quota = Schemas['Quota'];
export type KeyEvent = Schemas['Event'];
export type Usage = Schemas['Usage'];
export type KeyLimits = Schemas['KeyLimits'];
export type LimitState = Schemas['LimitState'];
export type Change = Schemas['Change'];
export type Fault = Schemas['Fault'];
export type Webhook = Schemas['Webhook'];
export type NewWebhook = Schemas['NewWebhook'];
export type WebhookPatch = Schemas['WebhookPatch'];
export type CreatedWebhook = Schemas['CreatedWebhook'];
export type WebhookEventType = Schemas['WebhookEventType'];
export type Delivery = Schemas['Delivery'];
export type DeliveryStatus = Schemas['DeliveryStatus'];
export interface Page<T> { items: T[]; page: number; size: number; total: number }

/** Codes of failures that the server has not seen. */
export const offline = 'offline';

/** Why a request failed: the code of the contract, and the server's own words. */
export class Failure extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly faults: Fault[] = [],
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

export interface Answer<T> { data: T; etag: string }

interface Sent {
  query?: Record<string, string>;
  body?: unknown;
  etag?: string;
  once?: string; // the idempotency key of a change
  signal?: AbortSignal | undefined;
}

const patience = 20_000;

async function send<T>(method: string, path: string, sent: Sent = {}): Promise<Answer<T>> {
  const bearer = session.get();
  if (!bearer) throw new Failure('4010', '');
  const workspace = encodeURIComponent(bearer.workspace);
  const url = new URL(`${api}/workspaces/${workspace}/${path}`);
  for (const [name, value] of Object.entries(sent.query ?? {})) if (value !== '') url.searchParams.set(name, value);
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Accept-Language': language,
    Authorization: `Bearer ${bearer.token}`,
    'X-Client-Hash': bearer.clientHash,
    'X-Workspace-Id': bearer.workspace,
  };
  if (sent.body !== undefined) headers['Content-Type'] = 'application/json';
  if (sent.etag) headers['If-Match'] = sent.etag;
  if (sent.once) headers['Idempotency-Key'] = sent.once;
  try {
    return await request<T>(url, method, headers, sent.body, sent.signal);
  } catch (error) {
    if (error instanceof Failure && error.code === '4010' && session.get() === bearer) end('rejected');
    throw error;
  }
}

async function request<T>(url: URL, method: string, headers: Record<string, string>, content: unknown, signal?: AbortSignal): Promise<Answer<T>> {
  let response: Response;
  let body: any;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: content === undefined ? null : JSON.stringify(content),
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.any([AbortSignal.timeout(patience), ...(signal ? [signal] : [])]),
    });
    body = response.status === 204 ? { success: true, data: null } : await response.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure(offline, '');
  }
  if (body?.success !== true) {
    throw new Failure(body?.code ?? '5000', body?.message ?? '', body?.errors ?? [], Number(response.headers.get('Retry-After') ?? 0));
  }
  return { data: body.data, etag: response.headers.get('ETag') ?? '' };
}

const keyPath = (id: string, action = '') => `api-keys/${encodeURIComponent(id)}${action && `/${action}`}`;

export const keys = {
  list: (query: Record<string, string>, signal?: AbortSignal) => send<Page<Key>>('GET', 'api-keys', { query, signal }),
  get: (id: string, signal?: AbortSignal) => send<Key>('GET', keyPath(id), { signal }),
  create: (body: NewKey, once: string) => send<CreatedKey>('POST', 'api-keys', { body, once }),
  update: (id: string, body: KeyPatch, etag: string) => send<Key>('PATCH', keyPath(id), { body, etag }),
  rotate: (id: string, gracePeriodSeconds: number, once: string) =>
    send<RotatedKey>('POST', keyPath(id, 'rotate'), { body: { gracePeriodSeconds }, once }),
  disable: (id: string) => send<null>('POST', keyPath(id, 'disable'), { once: randomText() }),
  enable: (id: string) => send<null>('POST', keyPath(id, 'enable'), { once: randomText() }),
  delete: (id: string) => send<null>('POST', 'api-keys/delete', { body: { keyId: id }, once: randomText() }),
  usage: (id: string, signal?: AbortSignal) => send<Usage>('GET', keyPath(id, 'usage'), { signal }),
  limits: (id: string, signal?: AbortSignal) => send<KeyLimits>('GET', keyPath(id, 'limits'), { signal }),
  events: (id: string, page: number, signal?: AbortSignal) =>
    send<Page<KeyEvent>>('GET', keyPath(id, 'events'), { query: { page: String(page), size: '100' }, signal }),
};

const webhookPath = (id: string, action = '') => `webhooks/${encodeURIComponent(id)}${action && `/${action}`}`;

export const webhooks = {
  list: (signal?: AbortSignal) => send<Page<Webhook>>('GET', 'webhooks', { query: { size: '100' }, signal }),
  get: (id: string, signal?: AbortSignal) => send<Webhook>('GET', webhookPath(id), { signal }),
  create: (body: NewWebhook, once: string) => send<CreatedWebhook>('POST', 'webhooks', { body, once }),
  update: (id: string, body: WebhookPatch) => send<Webhook>('PATCH', webhookPath(id), { body }),
  rotate: (id: string, once: string) => send<CreatedWebhook>('POST', webhookPath(id, 'rotate'), { once }),
  test: (id: string) => send<null>('POST', webhookPath(id, 'test'), { once: randomText() }),
  delete: (id: string) => send<null>('POST', 'webhooks/delete', { body: { webhookId: id }, once: randomText() }),
  deliveries: (id: string, query: Record<string, string>, signal?: AbortSignal) =>
    send<Page<Delivery>>('GET', webhookPath(id, 'deliveries'), { query, signal }),
  retry: (id: string, delivery: string) =>
    send<null>('POST', webhookPath(id, `deliveries/${encodeURIComponent(delivery)}/retry`), { once: randomText() }),
};

/** Reports a secret as leaked, which needs no token. */
export async function reportLeak(secret: string): Promise<void> {
  await request(new URL(`${api}/leaks`), 'POST', { Accept: 'application/json', 'Accept-Language': language, 'Content-Type': 'application/json' }, { secrets: [secret] });
}

/** What the server would say of a new key, in its own words. Without a name none is ever created. */
export const faultsOf = (key: Omit<NewKey, 'name'>, signal: AbortSignal) => judged('api-keys', key, 'name', signal);

/** What the server would say of a webhook. With an event that does not exist none is ever created. */
export const webhookFaultsOf = (webhook: Omit<NewWebhook, 'events'>, signal: AbortSignal) => judged('webhooks', { ...webhook, events: [''] }, 'events', signal);

/** The faults of what cannot be created, because a field always has one. Those of this field are left out. */
async function judged(path: string, body: unknown, always: string, signal: AbortSignal): Promise<Fault[]> {
  try {
    await send('POST', path, { body, signal });
    return [];
  } catch (error) {
    if (error instanceof Failure && error.code === '4000') return error.faults.filter((fault) => !fault.field.startsWith(always));
    if (error instanceof Failure) return [];
    throw error;
  }
}
