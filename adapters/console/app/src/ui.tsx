// The pieces that views are made of.
import type { ComponentChildren, TargetedKeyboardEvent, VNode } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Failure, offline } from './api';
import type { useAction } from './load';
import { go } from './route';
import { moment, parts, relative, t, type Message } from './text';

export function Link({ to, class: style = '', current = false, children }: { to: string; class?: string; current?: boolean; children: ComponentChildren }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return <a href={to} class={style} {...(current && { 'aria-current': 'true' })} onClick={follow}>{children}</a>;
}

// Characters that change how their neighbours look, or look like nothing.
const hidden = /([\p{Cf}\p{Cc}\p{Zl}\p{Zp}\u034f\u115f\u1160\u2800\u3164\uffa0])/u;

/** A text that somebody else chose: its direction stays inside, and what is invisible in it shows. */
export function Foreign({ text }: { text: string }) {
  return (
    <bdi class="foreign">
      {text.split(hidden).map((part, i) => i % 2 ? <span class="mark" title={t('hidden_character')}>{point(part)}</span> : part)}
      {mixed(text) && <span class="mark" title={t('mixed_scripts')}>{t('mixed')}</span>}
    </bdi>
  );
}

const point = (c: string) => `U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** Reports whether a word mixes letters of scripts that look alike. */
function mixed(text: string): boolean {
  return text.split(/[^\p{L}\p{M}]+/u).some((word) => [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u].filter((script) => script.test(word)).length > 1);
}

/** A message with elements in place of its placeholders. */
export function Rich({ message, values }: { message: Message; values: Record<string, ComponentChildren> }) {
  return <>{parts(message).map((part, i) => (i % 2 ? values[part] : part))}</>;
}

export function When({ at }: { at: string }) {
  return <time dateTime={at} title={moment(at)}>{relative(at)}</time>;
}

export function Moment({ at }: { at: string }) {
  return <time dateTime={at} title={`${relative(at)} · ${at}`}>{moment(at)}</time>;
}

export function Notice({ kind = 'info', title, children }: {
  kind?: 'info' | 'good' | 'warn' | 'bad'; title?: ComponentChildren; children?: ComponentChildren;
}) {
  return (
    <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      <Icon name={kind} />
      <div>{title && <strong class="notice-title">{title}</strong>}{children}</div>
    </div>
  );
}

/** What went wrong, in the server's own words, and a way to try again. */
export function Trouble({ failure, retry }: { failure: Failure; retry?: () => void }) {
  const away = failure.code === offline;
  return (
    <Notice kind={away ? 'warn' : 'bad'} title={away ? t(navigator.onLine ? 'unreachable' : 'offline') : failure.message || t('failed')}>
      {away && <p>{t('unreachable_hint')}</p>}
      {failure.code === '4094' && <p>{t('not_set_up_hint')}</p>}
      {failure.code === '4030' && <p>{t('not_owner_hint')}</p>}
      {failure.retryAfter > 0 && <p>{t('retry_after', { n: failure.retryAfter })}</p>}
      {retry && <p><button type="button" onClick={retry}>{t('retry')}</button></p>}
    </Notice>
  );
}

const shapes: Record<string, string> = {
  info: 'M12 11v6m0-10v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0',
  good: 'M8 12.5l2.7 2.7L16 9.5M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0',
  warn: 'M12 9.5v4m0 3v.1M10.3 4.2 2.8 17.3A2 2 0 0 0 4.5 20.3h15a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0z',
  bad: 'M12 8v5m0 3v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0',
  key: 'M12.5 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zm0 0H21m-3 0v3.5m3-3.5v2.5',
  plus: 'M12 5v14M5 12h14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  down: 'M12 4v11m-5-5 5 5 5-5M5 20h14',
  close: 'M6 6l12 12M18 6 6 18',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  search: 'M20 20l-4.5-4.5M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0z',
};

export function Icon({ name }: { name: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={shapes[name] ?? ''} /></svg>
  );
}

const statuses: Record<string, Message> = {
  ACTIVE: 'status_active', DISABLED: 'status_disabled', EXPIRED: 'status_expired',
  PENDING: 'delivery_pending', DELIVERED: 'delivery_delivered', FAILED: 'delivery_failed', DROPPED: 'delivery_dropped',
};

/** The status of a key, a webhook or a delivery, or the mode of a key. */
export function Badge({ of }: { of: string }) {
  const message = statuses[of];
  return <span class={`badge ${of.toLowerCase()}`}>{message ? t(message) : of}</span>;
}

/** A field with its label, its hint, and what is wrong with it beside it. */
export function Field({ label, hint, errors = [], optional, children }: {
  label: string; hint?: ComponentChildren; errors?: string[]; optional?: boolean;
  children: (attributes: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => VNode;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}{optional && <span class="quiet"> {t('optional')}</span>}</label>
      {children({ id, 'aria-describedby': `${id}-hint ${id}-errors`, 'aria-invalid': errors.length > 0 })}
      <div class="hint" id={`${id}-hint`}>{hint}</div>
      <Errors id={`${id}-errors`} errors={errors} />
    </div>
  );
}

export function Errors({ id, errors }: { id: string; errors: string[] }) {
  return (
    <div class="errors" id={id} aria-live="polite">
      {errors.map((error) => <p key={error}><Icon name="bad" />{error}</p>)}
    </div>
  );
}

/** A list of short texts. Enter, a comma or a space ends one; backspace takes the last one back. */
export function Chips({ items, change, faulty = [], label, attributes, placeholder }: {
  items: string[]; change: (items: string[]) => void; faulty?: number[]; label: string; placeholder: string;
  attributes: { id: string; 'aria-describedby': string; 'aria-invalid': boolean };
}) {
  const [text, setText] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const add = (typed: string) => {
    const added = typed.split(/[\s,;]+/).filter(Boolean);
    setText('');
    if (added.length > 0) change([...items, ...added.filter((item, i) => !items.includes(item) && added.indexOf(item) === i)]);
  };
  const remove = (index: number) => {
    change(items.filter((_, i) => i !== index));
    input.current?.focus();
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLInputElement>) => {
    if (event.isComposing) return;
    const { value } = event.currentTarget; // the state may not have followed yet
    if (event.key === 'Enter' || event.key === ',' || event.key === ' ') {
      event.preventDefault(); // Enter never submits the form from here
      add(value);
    } else if (event.key === 'Backspace' && value === '' && items.length > 0) {
      event.preventDefault();
      setText(items[items.length - 1] ?? '');
      change(items.slice(0, -1));
    }
  };
  return (
    <div class="chips-box">
      {items.length > 0 && (
        <ul class="chips" aria-label={label}>
          {items.map((item, i) => (
            <li class={faulty.includes(i) ? 'chip faulty' : 'chip'} key={item}>
              <Foreign text={item} />
              <button type="button" class="chip-remove" aria-label={t('remove', { what: item })} onClick={() => remove(i)}><Icon name="close" /></button>
            </li>
          ))}
        </ul>
      )}
      <input
        {...attributes} ref={input} type="text" value={text} placeholder={items.length === 0 ? placeholder : ''}
        autocomplete="off" autocapitalize="off" spellcheck={false}
        onInput={(event) => /[\s,;]/.test(event.currentTarget.value.trim()) ? add(event.currentTarget.value) : setText(event.currentTarget.value)}
        onKeyDown={onKeyDown} onKeyPress={(event) => { if (event.key === 'Enter') event.preventDefault(); }} onBlur={(event) => add(event.currentTarget.value)}
      />
    </div>
  );
}

/**
 * A question over the page. The focus begins at data-first, or at its title. Escape
 * closes it, and the focus returns to where it was.
 */
export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    dialog?.showModal();
    (dialog?.querySelector<HTMLElement>('[data-first]') ?? dialog?.querySelector('h2'))?.focus();
    return () => {
      dialog?.close(); // while it is open, nothing else can have the focus
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={box} aria-labelledby={id} onCancel={(event) => { event.preventDefault(); close(); }}>
      <h2 id={id} tabIndex={-1}>{title}</h2>
      {children}
    </dialog>
  );
}

/** A dialog that asks before it acts. */
export function Question({ title, action, style = 'primary', close, act: { run, busy, failure }, children }: {
  title: string; action: string; style?: string; close: () => void; act: ReturnType<typeof useAction<[]>>; children: ComponentChildren;
}) {
  return (
    <Dialog title={title} close={close}>
      {children}
      {failure && <Trouble failure={failure} />}
      <div class="actions">
        <button type="button" class={style} disabled={busy} onClick={() => void run()}>{action}</button>
        <button type="button" onClick={close}>{t('cancel')}</button>
      </div>
    </Dialog>
  );
}

export function Copy({ text, label, primary = false }: { text: string; label: string; primary?: boolean }) {
  const [done, setDone] = useState<'copied' | 'copy_failed' | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone('copied');
    } catch {
      setDone('copy_failed');
    }
    setTimeout(() => setDone(null), 4000);
  };
  return (
    <>
      <button type="button" class={primary ? 'primary' : ''} onClick={() => void copy()}><Icon name={done === 'copied' ? 'good' : 'copy'} />{done === 'copied' ? t('copied') : label}</button>
      <span class={done === 'copy_failed' ? 'hint' : 'unseen'} role="status">{done && t(done)}</span>
    </>
  );
}

export function Waiting({ lines = 4 }: { lines?: number }) {
  return (
    <div class="waiting" role="status" aria-label={t('loading')}>
      {Array.from({ length: lines }, (_, i) => <span key={i} class="bone" />)}
    </div>
  );
}

/**
 * Moves the focus to a heading when a view opens, so that a screen reader says where one
 * is: at once, because later somebody may have moved it on.
 */
export function Heading({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return <h1 tabIndex={-1} ref={heading}>{children}</h1>;
}
