// Six small scenes for the empty studio, drawn for Bottega.
import type { ReactNode } from 'react';
import type { Starter } from './starters';

const stars = (points: string) => (
  <g fill="#fff5d6">
    {points.split(' ').map((p) => {
      const [x, y, r] = p.split(',');
      return <circle key={p} cx={x} cy={y} r={r} />;
    })}
  </g>
);

const scenes: Record<Starter['key'], ReactNode> = {
  fox: (
    <>
      <path fill="#fbd9a0" d="M0 0h320v180H0z" />
      <circle cx="232" cy="70" r="34" fill="#fff3d9" />
      <path fill="#a9c46c" d="M0 128q80-46 168-18t152-22v92H0z" />
      <path fill="#7fa653" d="M0 158q120-40 320-8v30H0z" />
      <path fill="#c9552b" d="M196 132c22-4 34 8 30 24-18 6-36 2-44-8z" />
      <path fill="#fff" d="M214 138c9 1 14 8 12 18-7 2-12 2-17 0z" />
      <path fill="#e06a35" d="M126 98q34-18 62 10 14 20 8 48h-74q-8-38 4-58z" />
      <path fill="#e06a35" d="m112 52 22 20h32l22-20 4 40q-8 26-42 36-34-10-42-36z" />
      <path fill="#5a2c1c" d="m114 58 12 12-10 8zM186 58l-12 12 10 8z" />
      <path fill="#fff4ea" d="M150 128q-30-10-38-30 20-4 38 16 18-20 38-16-8 20-38 30z" />
      <circle cx="134" cy="92" r="4.5" fill="#33190f" />
      <circle cx="166" cy="92" r="4.5" fill="#33190f" />
      <path fill="#33190f" d="M143 118h14l-7 8z" />
    </>
  ),
  rocket: (
    <>
      <path fill="#232652" d="M0 0h320v180H0z" />
      <circle cx="264" cy="44" r="22" fill="#f6e3a8" />
      <circle cx="256" cy="38" r="20" fill="#232652" />
      {stars(
        '40,40,2 84,22,1.5 120,64,2 200,28,1.6 224,96,2 288,112,1.6 60,112,1.8 30,150,1.4 250,150,2 110,150,1.4',
      )}
      <g transform="rotate(38 158 96)">
        <path fill="#f2b33d" d="M146 146q12 44 24 0z" />
        <path fill="#e4572e" d="m134 116-18 26 22-4zM182 116l18 26-22-4z" />
        <path fill="#f4f1ea" d="M158 22c26 22 30 64 22 122h-44c-8-58-4-100 22-122z" />
        <path fill="#e4572e" d="M158 22c10 9 17 21 21 34h-42c4-13 11-25 21-34z" />
        <circle cx="158" cy="82" r="13" fill="#3d7d96" stroke="#cfd6dc" strokeWidth="5" />
        <path fill="#c9c4ba" d="M137 138h42v8h-42z" />
      </g>
    </>
  ),
  cactus: (
    <>
      <path fill="#f7a86c" d="M0 0h320v180H0z" />
      <path fill="#f9c98b" d="M0 70h320v60H0z" />
      <circle cx="92" cy="92" r="36" fill="#fff0cf" />
      <path fill="#c9743f" d="M0 116 60 84h44l34 32 40-18h60l82 26v56H0z" />
      <path fill="#dda05c" d="M0 140q100-24 190-4t130-8v52H0z" />
      <g fill="none" stroke="#4d9158" strokeWidth="24" strokeLinecap="round">
        <path d="M208 148V58" />
        <path strokeWidth="17" d="M208 116h-30q-8 0-8-8V92M208 102h28q8 0 8-8V72" />
      </g>
      <g stroke="#2f6a41" strokeWidth="2.5" strokeLinecap="round">
        <path d="M204 66v70M212 74v66M202 90h0M168 96v8M245 78v8" />
      </g>
      <circle cx="208" cy="46" r="7" fill="#e4577f" />
      <circle cx="170" cy="83" r="5" fill="#e4577f" />
    </>
  ),
  octopus: (
    <>
      <path
        fill="#8f5bd0"
        stroke="#3b2558"
        strokeWidth="4"
        strokeLinejoin="round"
        d="M160 26c38 0 58 26 58 58 0 18-4 26-2 38 2 14 16 16 24 10 6 18-22 30-38 14-2 18-22 20-28 6-6 12-22 12-28 0-6 14-26 12-28-6-16 16-44 4-38-14 8 6 22 4 24-10 2-12-2-20-2-38 0-32 20-58 58-58z"
      />
      <circle cx="140" cy="84" r="7" fill="#3b2558" />
      <circle cx="180" cy="84" r="7" fill="#3b2558" />
      <circle cx="142.5" cy="81.5" r="2.4" fill="#fff" />
      <circle cx="182.5" cy="81.5" r="2.4" fill="#fff" />
      <path d="M151 96q9 10 18 0" fill="none" stroke="#3b2558" strokeWidth="4" strokeLinecap="round" />
      <ellipse cx="126" cy="98" rx="8" ry="5" fill="#ef9fc8" />
      <ellipse cx="194" cy="98" rx="8" ry="5" fill="#ef9fc8" />
      <path d="M134 46q8-8 20-9" fill="none" stroke="#c6a5ee" strokeWidth="6" strokeLinecap="round" />
    </>
  ),
  apples: (
    <>
      <path fill="#e9dcc6" d="M0 0h320v180H0z" />
      <path fill="#f3ead9" d="M196 0h92v96h-92z" />
      <path fill="#bcd9e4" d="M204 0h76v88h-76z" />
      <path fill="#b37a4c" d="M0 128h320v52H0z" />
      <path fill="#9a653c" d="M0 128h320v7H0z" />
      {[
        [62, 104],
        [134, 98],
        [206, 104],
      ].map(([x = 0, y = 0]) => (
        <g key={x} transform={`translate(${x} ${y})`}>
          <ellipse cx="28" cy="46" rx="34" ry="6" fill="#5d3a20" opacity=".35" />
          <path
            fill="#cf3527"
            d="M28-14c12-12 40-6 38 22-2 24-18 38-28 38-5 0-6-2-10-2s-5 2-10 2c-10 0-26-14-28-38C-12-20 16-26 28-14z"
          />
          <path fill="#a92a20" d="M56-16c10 6 12 14 10 24-2 24-18 38-28 38-4 0-6-1-8-2 22-12 32-34 26-60z" />
          <path d="M28-13c0-8 2-13 6-17" stroke="#5d3a20" strokeWidth="4" strokeLinecap="round" fill="none" />
          <path fill="#6da544" d="M34-24c6-10 16-11 23-8-3 9-13 13-23 8z" />
        </g>
      ))}
    </>
  ),
  castle: (
    <>
      <path fill="#33265c" d="M0 0h320v180H0z" />
      <path fill="#4d3a7d" d="M0 96h320v84H0z" />
      <circle cx="78" cy="46" r="24" fill="#f6e3a8" />
      {stars('24,24,1.6 130,20,1.8 288,32,2 300,84,1.4 40,86,1.6 236,16,1.4')}
      <path fill="#241b45" d="M0 146q160-34 320-6v40H0z" />
      <path fill="#8f86ad" d="M150 78h18v-10h12v10h16v-10h12v10h18v72h-76z" />
      <path fill="#7a7099" d="M134 60h28v90h-28zM214 60h28v90h-28z" />
      <path fill="#d9502f" d="m128 60 20-34 20 34zM208 60l20-34 20 34z" />
      <path fill="#33265c" d="M174 150v-24q14-20 28 0v24z" />
      <path fill="#f6d365" d="M144 82h8v14h-8zM224 82h8v14h-8z" />
      <path
        fill="#3f9a78"
        d="M30 152c-6-30 14-46 34-40 4-14 18-18 30-12l-8 8 14 6c-6 10-18 14-28 10 10 14 6 30-8 30 16 6 42 4 52-10 2 16-16 22-34 22H46c-8 0-14-4-16-14z"
      />
      <path fill="#2c7560" d="m52 116-16-22 30 16zM36 140l-14-10 16-2z" />
      <circle cx="84" cy="107" r="2.6" fill="#1b1433" />
    </>
  ),
};

export function StarterArt({ name }: { name: Starter['key'] }) {
  return (
    <svg viewBox="0 0 320 180" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">
      {scenes[name]}
    </svg>
  );
}
