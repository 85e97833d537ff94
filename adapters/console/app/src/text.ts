// The catalogs, and Intl for everything that has a rule of its own.
import en from '../locales/en.json';

export type Message = keyof typeof en;
export type Language = 'en' | 'zh' | 'zh-Hant' | 'ja' | 'vi';
type Catalog = Record<Message, string>;
type Values = Record<string, string | number>;

export const languages: Record<Language, string> = {
  en: 'English', zh: '简体中文', 'zh-Hant': '繁體中文', ja: '日本語', vi: 'Tiếng Việt',
};

const catalogs: Record<Language, () => Promise<{ default: Catalog }>> = {
  en: async () => ({ default: en }),
  zh: () => import('../locales/zh.json'),
  'zh-Hant': () => import('../locales/zh-Hant.json'),
  ja: () => import('../locales/ja.json'),
  vi: () => import('../locales/vi.json'),
};

let catalog: Catalog = en;
export let language: Language = 'en';
// Browsers have no data for dates in zh-Hant without a region's order of fields.
const regions: Record<Language, string> = { en: 'en-GB', zh: 'zh-CN', 'zh-Hant': 'zh-TW', ja: 'ja-JP', vi: 'vi-VN' };

/** Loads a language and uses it from now on. */
export async function speak(wanted: Language): Promise<void> {
  catalog = (await catalogs[wanted]()).default;
  language = wanted;
  document.documentElement.lang = wanted;
  document.title = t('title');
}

/** The language of the page for what a browser prefers. */
export function match(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const lower = tag.toLowerCase();
    if (/^zh\b.*(hant|tw|hk|mo)/.test(lower)) return 'zh-Hant';
    const found = (Object.keys(languages) as Language[]).find((known) => lower === known.toLowerCase() || lower.split('-')[0] === known);
    if (found) return found;
  }
  return 'en';
}

/** The message, with its placeholders replaced. */
export function t(message: Message, values: Values = {}): string {
  return catalog[message].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? number(value) : value ?? whole;
  });
}

/** The message for a number of things: message_one or message_other. */
export function count(message: string, n: number, values: Values = {}): string {
  const form = new Intl.PluralRules(regions[language]).select(n) === 'one' ? 'one' : 'other';
  return t(`${message}_${form}` as Message, { n, ...values });
}

/** The parts of a message between its placeholders, and their names. */
export function parts(message: Message): string[] {
  return catalog[message].split(/\{(\w+)\}/);
}

export const number = (n: number) => new Intl.NumberFormat(regions[language]).format(n);

/** What is between two sentences. */
export const between = () => (/^(zh|ja)/.test(language) ? '' : ' ');

export const list = (items: string[]) => new Intl.ListFormat(regions[language], { type: 'conjunction' }).format(items);

export function moment(at: string | Date): string {
  return new Intl.DateTimeFormat(regions[language], { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
}

/** A day of the calendar in UTC, such as 2026-03-01. */
export function day(date: string, style: 'long' | 'short' = 'long'): string {
  const fields = style === 'long' ? { dateStyle: 'long' } as const : { month: 'short', day: 'numeric' } as const;
  return new Intl.DateTimeFormat(regions[language], { ...fields, timeZone: 'UTC' }).format(new Date(date));
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600], ['month', 2_629_800], ['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1],
];

/** How far a time is from now: "3 days ago", "in 2 hours". */
export function relative(at: string): string {
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  // 59 minutes and 50 seconds are an hour, not 60 minutes.
  const rounds = (length: number) => (length <= 86_400 ? (steps.find(([, less]) => less < length)?.[1] ?? 0) / 2 : 0);
  const [unit, length] = steps.find(([, length]) => Math.abs(seconds) >= length - rounds(length)) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(regions[language], { numeric: 'auto' }).format(Math.round(seconds / length), unit);
}

/** When something comes, in whole units and never too early: "in 17 seconds", "in 3 hours". */
export function soon(seconds: number): string {
  const [unit, length] = steps.slice(2).find(([, length]) => seconds >= 2 * length) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(regions[language]).format(Math.ceil(seconds / length), unit);
}

/** A length of time in its largest whole unit: "1 hour", "90 seconds". */
export function duration(seconds: number): string {
  const [unit, length] = steps.slice(2).find(([, length]) => seconds % length === 0 && seconds >= length) ?? ['second', 1];
  return new Intl.NumberFormat(regions[language], { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / length);
}
