import { refusal } from './qmp-error';

/** Every migration capability QEMU 7.2 lists, and whether this guest has it. */
const capabilities = {
  xbzrle: false,
  'rdma-pin-all': false,
  'auto-converge': true,
  'zero-blocks': false,
  compress: false,
  events: true,
  'postcopy-ram': false,
  'x-colo': false,
  'release-ram': false,
  block: false,
  'return-path': true,
  'pause-before-switchover': false,
  multifd: false,
  'dirty-bitmaps': false,
  'postcopy-blocktime': false,
  'late-block-activate': false,
  'x-ignore-shared': false,
  'validate-uuid': false,
  'background-snapshot': false,
  'zero-copy-send': false,
  'postcopy-preempt': false,
} as const;

/** A migration capability that the built-in guest knows. */
export type Capability = keyof typeof capabilities;

interface Parameter {
  readonly initial: number | boolean;
  readonly min?: number;
  readonly max?: number;
}

/** The migration parameters this guest has, with QEMU's defaults and ranges (bytes/s, ms, per cent). */
const parameters = {
  'throttle-trigger-threshold': { initial: 50, min: 1, max: 100 },
  'cpu-throttle-initial': { initial: 20, min: 1, max: 99 },
  'cpu-throttle-increment': { initial: 10, min: 1, max: 99 },
  'cpu-throttle-tailslow': { initial: false },
  'max-cpu-throttle': { initial: 99, min: 1, max: 99 },
  'max-bandwidth': { initial: 128 * 2 ** 20, min: 0, max: Number.MAX_SAFE_INTEGER },
  'downtime-limit': { initial: 300, min: 0, max: 2_000_000 },
} as const satisfies Record<string, Parameter>;

/** A migration parameter that it knows. */
export type ParameterName = keyof typeof parameters;

/** The operator's choices for migrations of one guest; they outlive a migration. */
export class Tuning {
  readonly #on = new Set<Capability>();
  readonly #values = new Map<ParameterName, number | boolean>();

  has(capability: Capability): boolean {
    return this.#on.has(capability);
  }

  /** The answer to `query-migrate-capabilities`. */
  capabilities(): readonly { readonly capability: string; readonly state: boolean }[] {
    return capabilityNames.map((capability) => ({ capability, state: this.#on.has(capability) }));
  }

  /** Sets all of them or, if one is refused, none. @throws QmpError */
  setCapabilities(wanted: readonly { readonly capability: string; readonly state: boolean }[]): void {
    const known = wanted.map(({ capability, state }) => ({ name: capabilityNamed(capability), state }));
    for (const { name, state } of known) {
      if (state && !capabilities[name]) throw refusal(`Capability '${name}' is not supported by this guest`);
    }
    for (const { name, state } of known) {
      if (state) this.#on.add(name);
      else this.#on.delete(name);
    }
  }

  number(name: Exclude<ParameterName, 'cpu-throttle-tailslow'>): number {
    return Number(this.#values.get(name) ?? parameters[name].initial);
  }

  get tailslow(): boolean {
    return this.#values.get('cpu-throttle-tailslow') === true;
  }

  /** The answer to `query-migrate-parameters`. */
  parameters(): Readonly<Record<string, number | boolean>> {
    return Object.fromEntries(parameterNames.map((name) => [name, this.#values.get(name) ?? parameters[name].initial]));
  }

  /** Sets all of them or, if one is refused, none. @throws QmpError */
  setParameters(wanted: Readonly<Record<string, unknown>>): void {
    const checked = Object.entries(wanted).map(([key, value]) => checkedParameter(key, value));
    for (const [name, value] of checked) this.#values.set(name, value);
  }
}

const capabilityNames = Object.keys(capabilities) as Capability[];
const parameterNames = Object.keys(parameters) as ParameterName[];

function capabilityNamed(text: string): Capability {
  const name = capabilityNames.find((known) => known === text);
  if (name === undefined) throw refusal(`Invalid parameter '${text}'`);
  return name;
}

function checkedParameter(key: string, value: unknown): readonly [ParameterName, number | boolean] {
  const name = parameterNames.find((known) => known === key);
  if (name === undefined) throw refusal(`Parameter '${key}' is unexpected`);
  const rule: Parameter = parameters[name];
  const type = typeof rule.initial;
  if (typeof value === 'boolean' && type === 'boolean') return [name, value];
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = rule;
  if (type === 'boolean' || typeof value !== 'number' || !Number.isInteger(value)) {
    throw refusal(`Invalid parameter type for '${key}', expected: ${type === 'boolean' ? 'boolean' : 'integer'}`);
  }
  if (value < min || value > max) {
    throw refusal(`Parameter '${key}' expects a value between ${min} and ${max}`);
  }
  return [name, value];
}
