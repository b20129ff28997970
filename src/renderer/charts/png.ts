import { paint } from './pattern';
import type { Line, Picture } from './pictures';

/** A chart as it stands on the page. */
export interface PictureToSave {
  readonly picture: Picture;
  readonly canvas: HTMLCanvasElement | undefined;
  /** What its lines' values read, in their order. */
  readonly values: readonly string[];
}

/** CSS pixels. */
const margin = 12;
const lineHeight = 18;

/** Puts charts under each other on a canvas of their own, each with its name and values, on the page's own ground. */
export function compose(title: string, parts: readonly PictureToSave[]): HTMLCanvasElement {
  const ratio = devicePixelRatio;
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  const font = getComputedStyle(document.body).fontFamily;
  const target = document.createElement('canvas');
  const heights = parts.map(({ canvas, picture }) => (canvas?.height ?? 0) / ratio + (picture.lines.length + 1) * lineHeight); // prettier-ignore
  const width = Math.max(...parts.map(({ canvas }) => canvas?.width ?? 0)) / ratio + 2 * margin;
  target.width = Math.round(width * ratio);
  target.height = Math.round((heights.reduce((all, each) => all + each + margin, lineHeight) + 2 * margin) * ratio);
  const drawing = target.getContext('2d');
  if (drawing === null) throw new Error('expected a canvas to draw on');
  drawing.scale(ratio, ratio);
  drawing.fillStyle = token('--panel');
  drawing.fillRect(0, 0, width, target.height / ratio);
  drawing.textBaseline = 'top';
  const write = (text: string, x: number, y: number, colour: string, weight = ''): void => {
    drawing.font = `${weight} 12px ${font}`;
    drawing.fillStyle = token(colour);
    drawing.fillText(text, x, y);
  };
  write(title, margin, margin, '--ink-soft');
  let top = margin + lineHeight + margin;
  for (const { picture, canvas, values } of parts) {
    write(picture.name, margin, top, '--ink', 'bold');
    top += lineHeight;
    for (const [index, line] of picture.lines.entries()) {
      const { label, colour } = line;
      swatch(drawing, token(colour), line, top);
      write(`${label} ${values[index] ?? ''}`, margin + 26, top, '--ink');
      top += lineHeight;
    }
    if (canvas !== undefined) {
      drawing.drawImage(canvas, margin, top, canvas.width / ratio, canvas.height / ratio);
      top += canvas.height / ratio;
    }
    top += margin;
  }
  return target;
}

/** As beside the chart: a line with its dashes, or an area with its pattern. */
function swatch(drawing: CanvasRenderingContext2D, colour: string, { dash, width = 2, fill }: Line, top: number): void {
  if (fill !== undefined) {
    drawing.fillStyle = paint(drawing, colour, fill.pattern);
    drawing.fillRect(margin, top + 1, 20, 10);
  }
  const y = top + (fill === undefined ? 6 : 1);
  drawing.strokeStyle = colour;
  drawing.lineWidth = width;
  drawing.setLineDash([...(dash ?? [])]);
  drawing.beginPath();
  drawing.moveTo(margin, y);
  drawing.lineTo(margin + 20, y);
  drawing.stroke();
}

/** The canvas as a PNG file. */
export function pngOf(canvas: HTMLCanvasElement): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('the picture is too large to be made into a file'));
      else void blob.arrayBuffer().then((bytes) => resolve(new Uint8Array(bytes)), reject);
    }, 'image/png');
  });
}
