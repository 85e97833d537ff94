// The token lives in this module's memory and nowhere else: not in storage, not in a
// cookie, not in a URL. It is forgotten after 15 minutes without use.
import { demo, home, portals } from './place';
import { go, href, route } from './route';
import { signal } from './signal';

export interface Session {
  token: string;
  workspace: string;
  clientHash: string;
  workspaces: string[]; // those of which the bearer is an owner, as far as the token says
  partner: boolean; // whether the portal may create TEST keys; true if the token does not say
}

export type Ended = 'idle' | 'rejected' | 'left';

const idle = 15 * 60 * 1000;

/** The session, or null: signed out. */
export const session = signal<Session | null>(null);
/** Why the last session ended. */
export const ended = signal<Ended | null>(null);

let used = 0;

export function begin(token: string, workspace: string, clientHash?: string): void {
  const claims = readClaims(token);
  if (route.get().workspace !== workspace) go(href(workspace), true);
  used = Date.now();
  ended.set(null);
  session.set({
    token,
    workspace,
    clientHash: clientHash ?? claims.clientHash ?? randomText(),
    workspaces: claims.workspaces,
    partner: claims.portal === undefined || claims.portal === 'PARTNER',
  });
}

export function enter(workspace: string): void {
  const now = session.get();
  if (now) session.set({ ...now, workspace });
}

export function end(why: Ended): void {
  if (!session.get()) return;
  session.set(null);
  ended.set(why);
  askPortal();
}

/** What the token says of its bearer, for convenience alone: the server decides. */
export function readClaims(token: string): { workspaces: string[]; portal?: string; clientHash?: string } {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (c) => c.charCodeAt(0))));
    const roles: [string, unknown][] = Object.entries(claims.workspaces ?? {});
    return {
      workspaces: roles.filter(([, role]) => [role].flat().includes('OWNER')).map(([workspace]) => workspace),
      ...(typeof claims.portal === 'string' && { portal: claims.portal }),
      ...(typeof claims.client_hash === 'string' && { clientHash: claims.client_hash }),
    };
  } catch {
    return { workspaces: [] };
  }
}

/** A random text of 128 bits; crypto.randomUUID exists only on secure origins. */
export function randomText(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}

/** The token that the server offers during development. */
export async function demoToken(): Promise<string> {
  if (!demo) throw new Error('there is no demo token');
  const response = await fetch(`${home}/demo-token.txt`, { cache: 'no-store', credentials: 'omit' });
  if (!response.ok) throw new Error('refused');
  return response.text();
}

// The page that frames this one or has opened it.
const portal: Window | null = window.parent !== window ? window.parent : window.opener;

/** Whether a portal may sign the user in. */
export const hasPortal = portal !== null && portals.length > 0;

let answered = false; // by the portal

function askPortal(): void {
  if (!hasPortal) return;
  for (const origin of portals) portal?.postMessage({ type: 'apikeys:token-wanted' }, origin);
}

function onMessage(event: MessageEvent): void {
  if (!hasPortal || event.source !== portal || !portals.includes(event.origin)) return;
  const data: unknown = event.data;
  if (typeof data !== 'object' || data === null || !('type' in data) || data.type !== 'apikeys:token') return;
  const { token, workspaceId, clientHash } = data as Record<string, unknown>;
  if (typeof token !== 'string' || token === '' || typeof workspaceId !== 'string') return;
  answered = true;
  begin(token, workspaceId, typeof clientHash === 'string' ? clientHash : undefined);
}

function forgetIfIdle(): void {
  if (session.get() && Date.now() - used >= idle) end('idle');
}

/** Listens for a token, and for signs that the page is used. */
export function watch(): void {
  window.addEventListener('message', onMessage);
  for (const sign of ['keydown', 'pointerdown', 'wheel', 'touchstart', 'focusin']) {
    window.addEventListener(sign, () => { forgetIfIdle(); used = Date.now(); }, { capture: true, passive: true });
  }
  document.addEventListener('visibilitychange', forgetIfIdle);
  window.addEventListener('pageshow', (event) => { if (event.persisted) end('left'); });
  setInterval(forgetIfIdle, 5000);
  // A portal may not listen yet when it is asked first.
  for (const wait of [0, 500, 2000, 5000, 10_000]) setTimeout(() => { if (!answered && !session.get()) askPortal(); }, wait);
}
