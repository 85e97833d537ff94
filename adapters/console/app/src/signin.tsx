// Signing in: by the portal, by a pasted token, or during development by a button.
import { useRef, useState } from 'preact/hooks';
import { demo } from './place';
import { begin, demoToken, ended, hasPortal, readClaims } from './session';
import { route } from './route';
import { useSignal } from './signal';
import { t, type Message } from './text';
import { Field, Heading, Notice } from './ui';

const reasons: Record<string, Message> = { idle: 'ended_idle', rejected: 'ended_rejected', left: 'ended_left' };

export function SignIn() {
  const why = useSignal(ended);
  const [token, setToken] = useState('');
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<Message | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const asked = useSignal(route).workspace;
  const owned = readClaims(token).workspaces;
  const workspace = typed || asked || (owned.length === 1 ? owned[0] : '') || '';
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const pasted = token.trim().replace(/^Bearer\s+/i, '');
    if (!/^[\x21-\x7e]+$/.test(pasted)) setProblem('token_malformed');
    else if (!/^[A-Za-z0-9_-]{1,64}$/.test(workspace)) setProblem('workspace_malformed');
    else begin(pasted, workspace);
  };
  const tryDemo = async () => {
    try {
      const given = await demoToken();
      begin(given, asked || readClaims(given).workspaces[0] || 'demo');
    } catch {
      setProblem('demo_failed');
    }
  };
  return (
    <div class="signin">
      <Heading>{t('sign_in_title')}</Heading>
      <p class="lead">{t('sign_in_lead')}</p>
      {why && <Notice kind={why === 'rejected' ? 'bad' : 'info'} title={t(reasons[why] ?? 'ended_left')} />}
      {hasPortal && <Notice title={t('portal_waiting')}><p>{t('portal_waiting_hint')}</p></Notice>}
      {demo && (
        <div class="card demo">
          <p>{t('demo_hint')}</p>
          <button type="button" class="primary wide" onClick={() => void tryDemo()}>{t('demo_button')}</button>
        </div>
      )}
      <form class="card" onSubmit={submit} ref={form} noValidate autocomplete="off">
        <Field label={t('token')} hint={t('token_hint')} errors={problem === 'token_malformed' || problem === 'demo_failed' ? [t(problem)] : []}>
          {(attributes) => (
            <textarea {...attributes} class="token" rows={3} value={token} required spellcheck={false} autocomplete="off" autocapitalize="off"
              onInput={(event) => { setToken(event.currentTarget.value); setProblem(null); }}
              onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); form.current?.requestSubmit(); } }} />
          )}
        </Field>
        <Field label={t('workspace')} hint={t('workspace_hint')} errors={problem === 'workspace_malformed' ? [t(problem)] : []}>
          {(attributes) => (
            <>
              <input {...attributes} type="text" value={workspace} required maxLength={64} spellcheck={false} autocomplete="off" autocapitalize="off" list="workspaces"
                onInput={(event) => { setTyped(event.currentTarget.value); setProblem(null); }} />
              <datalist id="workspaces">{owned.map((id) => <option key={id} value={id} />)}</datalist>
            </>
          )}
        </Field>
        <button type="submit" class={demo ? 'wide' : 'primary wide'}>{t('sign_in')}</button>
      </form>
      <p class="quiet small">{t('sign_in_safety')}</p>
    </div>
  );
}
