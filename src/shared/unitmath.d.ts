/** The part of unitmath 0.8 used here; the package names no types of its own. */
declare module 'unitmath' {
  export interface UnitDefinition {
    /** Base quantity the unit is the measure of, e.g. `BIT`; instead of being derived from another unit. */
    readonly quantity?: string;
    readonly prefixes: string;
    /** The unit in terms of others, e.g. `8 b`; 1 for the base unit of a quantity. */
    readonly value: string | 1;
    readonly aliases?: readonly string[];
  }

  export interface Unit {
    /** Null or undefined when the text was a unit with no number before it. */
    readonly value: number | null | undefined;
    /** Throws when the dimensions do not match. */
    to(unit: string): Unit;
  }

  export interface UnitMath {
    /** Throws when the text is no quantity or names an unknown unit. */
    (text: string): Unit;
    config(options: {
      readonly definitions: {
        readonly skipBuiltIns: boolean;
        readonly prefixes: Readonly<Record<string, Readonly<Record<string, number>>>>;
        readonly units: Readonly<Record<string, UnitDefinition>>;
      };
    }): UnitMath;
  }

  const unitmath: UnitMath;
  export default unitmath;
}
