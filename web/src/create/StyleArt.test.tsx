import { readFileSync, statSync } from 'node:fs';
import { fireEvent, render } from '@testing-library/react';
import { expect, it } from 'vitest';
import { StyleArt } from './StyleArt';

const manifest = JSON.parse(readFileSync('../tempera/weights/manifest.json', 'utf8')) as { styles: string[] };

it.each(manifest.styles.filter((s) => s !== 'none'))('has a small picture of %s', (style) => {
  const { size } = statSync(`public/styles/${style}.webp`); // missing after a training: make style-pictures
  expect(size).toBeGreaterThan(200);
  expect(size).toBeLessThan(8000);
});

it('shows the painted picture and says whose it is', () => {
  const { container } = render(<StyleArt style="ink" title="Ink" />);
  const img = container.querySelector('img');
  expect(img?.getAttribute('src')).toBe('/styles/ink.webp');
  expect(img?.title).toBe('Ink, as the house model paints it');
});

it.each(['auto', 'none'])('draws %s, which is no style', (style) => {
  const { container } = render(<StyleArt style={style} title="No style" />);
  expect(container.querySelector('img')).toBeNull();
  expect(container.querySelectorAll('path').length).toBeGreaterThan(1);
});

it('shows the initial while there is no picture, and tries again for another style', () => {
  const { container, rerender } = render(<StyleArt style="etching" title="Etching" />);
  fireEvent.error(container.querySelector('img') as HTMLImageElement);
  expect(container.textContent).toBe('E');
  rerender(<StyleArt style="ink" title="Ink" />);
  expect(container.querySelector('img')).not.toBeNull();
});
