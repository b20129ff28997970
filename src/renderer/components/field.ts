/** What the control in a `Field` must carry so that the field's label, hint and error belong to it. */
export interface FieldProps {
  readonly id: string;
  readonly 'aria-describedby': string;
  readonly 'aria-invalid': 'true' | undefined;
}
