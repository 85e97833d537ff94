// The keys of the workspace. Search, filters, order and page are in the address bar.
import { useEffect, useState } from 'preact/hooks';
import { keys, type Key } from './api';
import { useLoad } from './load';
import { amend, href, route } from './route';
import { session } from './session';
import { useSignal } from './signal';
import { count, t, type Message } from './text';
import { Badge, Foreign, Heading, Icon, Link, Trouble, Waiting, When } from './ui';

const size = 20;
const filters = ['q', 'status', 'mode'] as const;

export function KeyList() {
  const { query } = useSignal(route);
  const workspace = session.get()?.workspace ?? '';
  const page = Math.max(0, (Number(query.get('page')) || 1) - 1);
  const given = { q: query.get('q') ?? '', status: query.get('status') ?? '', mode: query.get('mode') ?? '' };
  const sort = query.get('sort') ?? '';
  const asked = { ...given, sort, page: String(page), size: String(size) };
  const { data, failure, loading, reload } = useLoad(
    async (signal) => (await keys.list(asked, signal)).data, [JSON.stringify(asked)],
  );
  const filtered = filters.some((name) => given[name] !== '');
  return (
    <>
      <div class="title-row">
        <Heading>{t('keys')}</Heading>
        <Link class="button primary" to={href(workspace, ['new'])}><Icon name="plus" />{t('new_key')}</Link>
      </div>
      <Filters given={given} sort={sort} />
      {failure && <Trouble failure={failure} retry={reload} />}
      {data === undefined ? (!failure && <Waiting lines={6} />) : data.items.length === 0 ? (
        <Empty filtered={filtered} beyond={data.total > 0} workspace={workspace} />
      ) : (
        <>
          <p class="quiet" role="status">{count('keys_found', data.total)}</p>
          <div class={loading ? 'busy' : ''} aria-busy={loading}>
            <KeyTable items={data.items} sort={sort} workspace={workspace} />
          </div>
          <Pages page={page} total={data.total} size={size} />
        </>
      )}
    </>
  );
}

function Filters({ given, sort }: { given: { q: string; status: string; mode: string }; sort: string }) {
  const [text, setText] = useState(given.q);
  useEffect(() => setText(given.q), [given.q]);
  useEffect(() => {
    const wanted = text.trim();
    if (wanted === given.q) return undefined;
    const timer = setTimeout(() => amend({ q: wanted, page: '' }), 250);
    return () => clearTimeout(timer);
  }, [text, given.q]);
  return (
    <form class="filters" role="search" onSubmit={(event) => { event.preventDefault(); amend({ q: text.trim(), page: '' }); }}>
      <div class="search">
        <Icon name="search" />
        <input type="search" aria-label={t('search')} placeholder={t('search')} maxLength={128} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </div>
      <Choice name="status" label={t('status')} value={given.status} options={[['', t('status_any')], ['ACTIVE', t('status_active')], ['DISABLED', t('status_disabled')], ['EXPIRED', t('status_expired')]]} />
      <Choice name="mode" label={t('mode')} value={given.mode} options={[['', t('mode_any')], ['LIVE', 'LIVE'], ['TEST', 'TEST']]} />
      <div class="narrow-only">
        <Choice name="sort" label={t('sort')} value={sort} options={[['', t('sort_newest')], ['createdAt,asc', t('sort_oldest')], ['name,asc', t('sort_name')], ['name,desc', t('sort_name_down')]]} />
      </div>
    </form>
  );
}

export function Choice({ name, label, value, options }: { name: string; label: string; value: string; options: [string, string][] }) {
  return (
    <select aria-label={label} value={value} onChange={(event) => amend({ [name]: event.currentTarget.value, page: '' })}>
      {options.map(([option, shown]) => <option key={option} value={option}>{shown}</option>)}
    </select>
  );
}

function KeyTable({ items, sort, workspace }: { items: Key[]; sort: string; workspace: string }) {
  return (
    <table class="keys">
      <thead>
        <tr>
          <Sorted by="name" label="name" sort={sort} />
          <th scope="col">{t('status')}</th>
          <th scope="col">{t('scopes')}</th>
          <th scope="col">{t('last_used')}</th>
          <th scope="col">{t('expiry')}</th>
          <Sorted by="createdAt" label="created" sort={sort || 'createdAt,desc'} />
        </tr>
      </thead>
      <tbody>
        {items.map((key) => (
          <tr key={key.apiKeyId}>
            <th scope="row">
              <Link class="key-name" to={href(workspace, ['keys', key.apiKeyId])}><Foreign text={key.name} /></Link>
              <code class="id">{key.apiKeyId}</code>
            </th>
            <td data-label={t('status')}><span class="badges"><Badge of={key.status} /><Badge of={key.mode} /></span></td>
            <td data-label={t('scopes')}><Scopes scopes={key.scopes} /></td>
            <td data-label={t('last_used')}>{key.lastUsedAt ? <When at={key.lastUsedAt} /> : <span class="quiet">{t('never_used')}</span>}</td>
            <td data-label={t('expiry')}>{key.expiresAt ? <When at={key.expiresAt} /> : <span class="quiet">{t('never_expires')}</span>}</td>
            <td data-label={t('created')}><When at={key.createdAt} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Scopes({ scopes }: { scopes: string[] }) {
  if (scopes.length === 0) return <span class="quiet">{t('no_access')}</span>;
  return (
    <span class="codes">
      {scopes.slice(0, 2).map((scope) => <code key={scope}>{scope}</code>)}
      {scopes.length > 2 && <span class="quiet" title={scopes.slice(2).join('\n')}>{t('more', { n: scopes.length - 2 })}</span>}
    </span>
  );
}

function Sorted({ by, label, sort }: { by: string; label: Message; sort: string }) {
  const [field, direction] = sort.split(',');
  const active = field === by;
  const next = active && direction === 'asc' ? 'desc' : 'asc';
  return (
    <th scope="col" aria-sort={!active ? 'none' : direction === 'asc' ? 'ascending' : 'descending'}>
      <button type="button" class="sort" onClick={() => amend({ sort: `${by},${next}` === 'createdAt,desc' ? '' : `${by},${next}`, page: '' })}>
        {t(label)}<span aria-hidden="true">{active ? (direction === 'asc' ? ' ↑' : ' ↓') : ''}</span>
      </button>
    </th>
  );
}

export function Pages({ page, total, size }: { page: number; total: number; size: number }) {
  const last = Math.ceil(total / size) - 1;
  if (last < 1) return null;
  const to = (n: number) => amend({ page: n === 0 ? '' : String(n + 1) });
  return (
    <nav class="pages" aria-label={t('pages')}>
      <button type="button" disabled={page === 0} onClick={() => to(page - 1)}><Icon name="left" />{t('previous')}</button>
      <span aria-current="page">{t('page_of', { n: page + 1, total: last + 1 })}</span>
      <button type="button" disabled={page >= last} onClick={() => to(page + 1)}>{t('next')}<Icon name="right" /></button>
    </nav>
  );
}

function Empty({ filtered, beyond, workspace }: { filtered: boolean; beyond: boolean; workspace: string }) {
  if (filtered || beyond) {
    return (
      <div class="empty">
        <h2>{t('nothing_found')}</h2>
        <p>{t('nothing_found_hint')}</p>
        <button type="button" onClick={() => amend({ q: '', status: '', mode: '', page: '' })}>{t('clear_filters')}</button>
      </div>
    );
  }
  return (
    <div class="empty">
      <svg class="drawing" viewBox="0 0 120 72" aria-hidden="true"><rect x="8" y="10" width="104" height="52" rx="12" /><circle cx="40" cy="36" r="12" /><path d="M52 36h38m-12 0v10m12-10v7" /></svg>
      <h2>{t('no_keys')}</h2>
      <p>{t('no_keys_hint')}</p>
      <Link class="button primary" to={href(workspace, ['new'])}><Icon name="plus" />{t('first_key')}</Link>
    </div>
  );
}
