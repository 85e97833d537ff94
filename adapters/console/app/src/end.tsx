// Ending the old secret of a rotation early. Whoever has a secret may report it as
// leaked; that stops one in its grace period and leaves the key alone.
import { useState } from 'preact/hooks';
import { reportLeak, type Key } from './api';
import { useAction } from './load';
import { t } from './text';
import { Dialog, Field, Notice, Trouble } from './ui';

export function EndDialog({ of, close, done }: { of: Key; close: () => void; done: () => void }) {
  const [secret, setSecret] = useState('');
  const typed = secret.trim();
  const other = typed !== '' && (!typed.startsWith(of.apiKeyId) || typed.length <= of.apiKeyId.length);
  const { run, busy, failure } = useAction(async () => {
    await reportLeak(typed);
    setSecret('');
    done();
  });
  return (
    <Dialog title={t('end_title')} close={close}>
      <p>{t('end_hint')}</p>
      <Notice kind="warn">{t('end_warning')}</Notice>
      <form onSubmit={(event) => { event.preventDefault(); if (typed && !other) void run(); }}>
        <Field label={t('end_paste')} errors={other ? [t('end_other_key')] : []}>
          {(attributes) => <input {...attributes} data-first type="text" class="token" value={secret} autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => setSecret(event.currentTarget.value)} />}
        </Field>
        {failure && <Trouble failure={failure} />}
        <div class="actions">
          <button type="submit" class="danger solid" disabled={busy || !typed || other}>{t('end_do')}</button>
          <button type="button" onClick={close}>{t('cancel')}</button>
        </div>
      </form>
    </Dialog>
  );
}
