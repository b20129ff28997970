import * as v from 'valibot';
import { WherryError } from '../../shared/failure';
import { settingNames } from '../../shared/command-line';
import { checkSettings, defaultSettings } from '../../shared/settings';
import type { MigrationSettings } from '../../shared/settings';

/** A kind of file we keep or exchange: JSON with its format's name and version in front. */
export interface DocumentKind {
  readonly format: string;
  /** What is written now; what is older is read too, what is newer is refused. */
  readonly version: number;
}

const head = v.looseObject({ format: v.string(), version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) });

/** A document as the text of a file. */
export function documentText({ format, version }: DocumentKind, content: object): string {
  return `${JSON.stringify({ format, version, ...content }, undefined, 1)}\n`;
}

/**
 * A document's content, once it is JSON of this kind and not from the future.
 * @throws WherryError `store`, or `store-newer` for what a newer version wrote
 */
export function readDocument(kind: DocumentKind, text: string): Readonly<Record<string, unknown>> {
  const result = v.safeParse(head, parseJson(text));
  if (!result.success || result.output.format !== kind.format) {
    throw new WherryError('store', `expected a JSON object with "format": "${kind.format}" and a "version" number`);
  }
  const { format: _format, version, ...content } = result.output;
  if (version <= kind.version) return content;
  throw new WherryError(
    'store-newer',
    `version ${version} was written by a newer Wherry; this one reads up to version ${kind.version}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WherryError('store', 'expected JSON, got something else or only a part of it', { cause: error });
  }
}

/**
 * Stored settings, checked by the schema. A setting added since they were written has its default, which is what was
 * done before there was a choice; one that is not known here is refused, because ignoring it would do something else
 * than was saved.
 * @throws WherryError `store` naming every problem
 */
export function storedSettings(input: unknown): MigrationSettings {
  const given = checked(v.record(v.string(), v.unknown(), 'expected an object of settings'), input);
  const foreign = Object.keys(given).filter((name) => !settingNames.some((known) => known === name));
  if (foreign.length > 0) throw new WherryError('store', `settings: this version does not know ${foreign.join(', ')}`);
  const check = checkSettings({ ...defaultSettings, ...given });
  if (check.ok) return check.settings;
  throw new WherryError('store', check.problems.map(({ message }) => message).join('; '));
}

/**
 * Parses with a schema.
 * @throws WherryError `store` with the place and the problem
 */
export function checked<Output>(schema: v.GenericSchema<unknown, Output>, input: unknown): Output {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new WherryError('store', path === null ? issue.message : `${path}: ${issue.message}`);
}
