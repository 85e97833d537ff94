// The frame around all views, and which of them is open.
import { useEffect, useState } from 'preact/hooks';
import { KeyList } from './list';
import { KeyView } from './key';
import { EditKey, NewKeyView } from './edit';
import { SignIn } from './signin';
import { WebhookList } from './webhooks';
import { WebhookView } from './webhook';
import { EditWebhook, NewWebhookView } from './webhookform';
import { end, enter, session } from './session';
import { amend, free, go, href, route } from './route';
import { useSignal } from './signal';
import { language, languages, speak, t, type Language } from './text';
import { Heading, Link, Notice } from './ui';

export function App() {
  const [spoken, setSpoken] = useState(language);
  const bearer = useSignal(session);
  const at = useSignal(route);
  const asked = at.workspace;
  useEffect(() => {
    if (!bearer) return;
    if (asked === '') go(href(bearer.workspace), true);
    else if (asked !== bearer.workspace) enter(asked);
  }, [bearer, asked]);
  const choose = async (wanted: Language) => {
    await speak(wanted);
    amend({ lang: wanted });
    setSpoken(wanted);
  };
  const settled = bearer && asked === bearer.workspace;
  return (
    <div class="frame">
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById('content')?.focus(); }}>{t('skip')}</a>
      <header class="top">
        <div class="top-in">
          <span class="brand"><Mark />{!bearer && t('title')}</span>
          {bearer && (
            <nav class="views" aria-label={t('views')}>
              <Link to={href(bearer.workspace)} current={at.path[0] !== 'webhooks'}>{t('keys')}</Link>
              <Link to={href(bearer.workspace, ['webhooks'])} current={at.path[0] === 'webhooks'}>{t('webhooks')}</Link>
            </nav>
          )}
          {bearer && <Workspace />}
          <div class="top-end">
            <label class="unseen" for="language">{t('language')}</label>
            <select id="language" value={spoken} onChange={(event) => void choose(event.currentTarget.value as Language)}>
              {Object.entries(languages).map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
            </select>
            {bearer && <button type="button" onClick={() => { if (free()) end('left'); }}>{t('sign_out')}</button>}
          </div>
        </div>
      </header>
      <Offline />
      <main id="content" tabIndex={-1}>
        {!bearer && <SignIn />}
        {settled && <View key={bearer.workspace + at.path.join('/')} path={at.path} />}
      </main>
    </div>
  );
}

function Mark() {
  return (
    <svg class="mark-logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M16.6 16a4.6 4.6 0 1 1-9.2 0 4.6 4.6 0 0 1 9.2 0zm0 0H26m-3.4 0v4.2M26 16v3" />
    </svg>
  );
}

function Workspace() {
  const bearer = useSignal(session);
  if (!bearer) return null;
  if (bearer.workspaces.length < 2) return <span class="workspace"><span class="quiet">{t('workspace')}</span> <bdi>{bearer.workspace}</bdi></span>;
  const all = bearer.workspaces.includes(bearer.workspace) ? bearer.workspaces : [bearer.workspace, ...bearer.workspaces];
  return (
    <span class="workspace">
      <label class="quiet" for="workspace">{t('workspace')}</label>{' '}
      <select id="workspace" value={bearer.workspace} onChange={(event) => go(href(event.currentTarget.value))}>
        {all.map((id) => <option key={id} value={id}>{id}</option>)}
      </select>
    </span>
  );
}

function Offline() {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    window.addEventListener('online', look);
    window.addEventListener('offline', look);
    return () => { window.removeEventListener('online', look); window.removeEventListener('offline', look); };
  }, []);
  return online ? null : <div class="strip"><Notice kind="warn" title={t('offline')}><p>{t('offline_hint')}</p></Notice></div>;
}

function View({ path }: { path: string[] }) {
  const [first, id, then] = path;
  if (first === undefined) return <KeyList />;
  if (first === 'new' && id === undefined) return <NewKeyView />;
  if (first === 'keys' && id !== undefined && then === undefined) return <KeyView id={id} />;
  if (first === 'keys' && id !== undefined && then === 'edit' && path.length === 3) return <EditKey id={id} />;
  if (first === 'webhooks') {
    if (id === undefined) return <WebhookList />;
    if (id === 'new' && then === undefined) return <NewWebhookView />;
    if (then === undefined) return <WebhookView id={id} />;
    if (then === 'edit' && path.length === 3) return <EditWebhook id={id} />;
  }
  return (
    <div class="empty">
      <Heading>{t('nothing_here')}</Heading>
      <p><Link to={href(session.get()?.workspace ?? '')}>{t('back_to_list')}</Link></p>
    </div>
  );
}
