// The address bar: /console/{workspace}, with filters in the query. The token and the
// secret are never in it.
import { home } from './place';
import { signal } from './signal';

export interface Route {
  workspace: string;
  path: string[]; // below the workspace
  query: URLSearchParams;
}

function read(): Route {
  const below = location.pathname.slice(new URL(home).pathname.length).split('/').filter(Boolean).map(decode);
  return { workspace: below[0] ?? '', path: below.slice(1), query: new URLSearchParams(location.search) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal<Route>(read());

let guarded = false;
/** How often somebody has tried to leave a view that must not be left yet. */
export const held = signal(0);

/** Keeps the user in the view, because leaving it would lose something. */
export function guard(on: boolean): void {
  guarded = on;
}

/** Reports whether the view may be left, and tells the view if not. */
export function free(): boolean {
  if (guarded) held.set(held.get() + 1);
  return !guarded;
}

export function href(workspace: string, path: string[] = [], query: Record<string, string> = {}): string {
  const search = new URLSearchParams();
  const lang = route.get().query.get('lang');
  for (const [name, value] of Object.entries({ ...query, ...(lang && { lang }) })) if (value !== '') search.set(name, value);
  const text = search.toString();
  return [home, workspace, ...path].map((part, i) => (i ? encodeURIComponent(part) : part)).filter(Boolean).join('/') + (text && `?${text}`);
}

let current = location.href;

export function go(to: string, replace = false): void {
  if (!free()) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  current = location.href;
  const before = route.get();
  route.set(read());
  if (before.path.join() !== route.get().path.join()) window.scrollTo(0, 0);
}

/** Changes parts of the query in place; an empty value removes one. */
export function amend(changes: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) value === '' ? query.delete(name) : query.set(name, value);
  const text = query.toString();
  go(location.pathname + (text && `?${text}`), true);
}

window.addEventListener('popstate', () => {
  if (!free()) {
    history.pushState(null, '', current);
    return;
  }
  current = location.href;
  route.set(read());
});
