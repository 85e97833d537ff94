// Values of a key in words.
import type { ComponentChildren } from 'preact';
import type { Key, Quota, RateLimit } from './api';
import { duration, number, t, type Message } from './text';
import { Badge, Foreign, Moment } from './ui';

export type Field = 'name' | 'status' | 'scopes' | 'ipWhitelist' | 'expiresAt' | 'rateLimits' | 'quota';

const names: Record<string, Message> = {
  name: 'name', status: 'status', mode: 'mode', scopes: 'scopes', ipWhitelist: 'ip_whitelist', expiresAt: 'expiry', rateLimits: 'rate_limits',
  quota: 'quota', previousSecretValidUntil: 'previous_secret_until', source: 'leak_source', importedFrom: 'imported_from',
};

export const fieldName = (field: string) => (names[field] ? t(names[field]) : field);

const periods: Record<Quota['period'], Message> = { DAY: 'per_day', MONTH: 'per_month', TOTAL: 'per_total' };

export const quotaText = (quota: Quota) => t(periods[quota.period], { n: number(quota.limit) });

export const limitText = (limit: RateLimit) => t('per_window', { n: number(limit.limit), window: duration(limit.windowSeconds) });

/** The value of a field as a person reads it. */
export function describe(field: Field, value: Key[Field] | undefined): ComponentChildren {
  if (field === 'quota') return value ? quotaText(value as Quota) : t('none');
  if (field === 'rateLimits') {
    const limits = (value ?? []) as RateLimit[];
    return limits.length === 0 ? t('none') : <ul class="lines">{limits.map((limit) => <li key={limit.name}><code>{limit.name}</code> {limitText(limit)}</li>)}</ul>;
  }
  if (field === 'expiresAt') return value ? <Moment at={value as string} /> : t('never');
  if (field === 'status') return <Badge of={value as string} />;
  if (field === 'name') return <Foreign text={value as string} />;
  return recorded(field, value as string[]);
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** A value as the audit trail records it: a text, a list, or null. */
export function recorded(field: string, value: string | string[] | null): ComponentChildren {
  if (value === null) return <span class="quiet">{t('none')}</span>;
  if (Array.isArray(value)) {
    return value.length === 0 ? <span class="quiet">{t('none')}</span> : <span class="codes">{value.map((item) => <code key={item}><Foreign text={item} /></code>)}</span>;
  }
  if (time.test(value)) return <Moment at={value} />;
  if (field === 'status' || field === 'mode') return <Badge of={value} />;
  return <Foreign text={value} />;
}
