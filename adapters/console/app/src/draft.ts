// What a form holds while it is filled in, and what is sent of it.
import type { Fault, Key, KeyPatch, NewKey, Quota, RateLimit } from './api';

export interface LimitDraft { name: string; limit: string; windowSeconds: number }
export interface QuotaDraft { limit: string; period: Quota['period'] }

export interface Draft {
  name: string;
  mode: 1 | 2;
  scopes: string[];
  ipWhitelist: string[];
  expiry: string; // 'never', 'date', or a number of days
  date: string; // of <input type="datetime-local">, in the user's zone
  rateLimits: LimitDraft[];
  quota: QuotaDraft | null;
}

export const empty: Draft = {
  name: '', mode: 1, scopes: [], ipWhitelist: [], expiry: '90', date: '', rateLimits: [], quota: null,
};

export function draftOf(key: Key): Draft {
  return {
    name: key.name,
    mode: key.mode === 'TEST' ? 2 : 1,
    scopes: key.scopes,
    ipWhitelist: key.ipWhitelist,
    expiry: key.expiresAt ? 'date' : 'never',
    date: key.expiresAt ? local(new Date(key.expiresAt)) : '',
    rateLimits: (key.rateLimits ?? []).map((limit) => ({ ...limit, limit: String(limit.limit) })),
    quota: key.quota ? { ...key.quota, limit: String(key.quota.limit) } : null,
  };
}

/** The time in the form of <input type="datetime-local">. */
export function local(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const seconds = at.getSeconds() ? `:${two(at.getSeconds())}` : '';
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}${seconds}`;
}

// An empty number is left out, so that the server says that it is required. What is
// no number stays a text, so that the server says so.
function amount(text: string): number {
  const typed = text.replace(/[\s,_']/g, '');
  if (typed === '') return undefined as unknown as number;
  return /^-?\d+(\.\d+)?$/.test(typed) ? Number(typed) : (text as unknown as number);
}

export function expiresAt(draft: Draft, now = Date.now()): string | null {
  if (draft.expiry === 'never') return null;
  if (draft.expiry !== 'date') return seconds(new Date(now + Number(draft.expiry) * 86_400_000));
  const at = new Date(draft.date);
  return Number.isNaN(at.getTime()) ? draft.date : seconds(at);
}

const seconds = (at: Date) => at.toISOString().replace(/\.\d+Z$/, 'Z');

export function limitsOf(draft: Draft): RateLimit[] {
  return draft.rateLimits.map((limit) => ({ ...limit, limit: amount(limit.limit) }));
}

export function quotaOf(draft: Draft): Quota | null {
  return draft.quota && { ...draft.quota, limit: amount(draft.quota.limit) };
}

export function newKeyOf(draft: Draft): NewKey {
  const limits = limitsOf(draft);
  const quota = quotaOf(draft);
  const expiry = expiresAt(draft);
  return {
    name: draft.name,
    mode: draft.mode,
    scopes: draft.scopes,
    ipWhitelist: draft.ipWhitelist,
    ...(expiry !== null && { expiresAt: expiry }),
    ...(limits.length > 0 && { rateLimits: limits }),
    ...(quota && { quota }),
  };
}

/** What differs between a key and the form. */
export function patchOf(before: Key, draft: Draft): KeyPatch {
  const after: KeyPatch = {
    name: draft.name, scopes: draft.scopes, ipWhitelist: draft.ipWhitelist,
    expiresAt: expiresAt(draft), rateLimits: limitsOf(draft), quota: quotaOf(draft),
  };
  const was: Record<string, unknown> = { ...before };
  return Object.fromEntries(Object.entries(after).filter(([field, value]) => !same(was[field] ?? null, value))) as KeyPatch;
}

export const same = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
}

/** The messages of the faults of a field or, if below is set, of anything in it. */
export function messagesOf(faults: Fault[], field: string, below = true): string[] {
  const of = faults.filter((fault) => fault.field === field || below && (fault.field.startsWith(`${field}[`) || fault.field.startsWith(`${field}.`)));
  return [...new Set(of.map((fault) => fault.message))];
}

/** The indexes of the entries of a list that have faults. */
export function faultyEntries(faults: Fault[], field: string): number[] {
  return faults.flatMap((fault) => {
    const match = fault.field.startsWith(`${field}[`) && /\[(\d+)\]/.exec(fault.field);
    return match ? [Number(match[1])] : [];
  });
}
