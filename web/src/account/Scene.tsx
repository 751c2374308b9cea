/** The picture beside the door: a workshop window onto hills, drawn for Bottega. */
export function Scene() {
  return (
    <svg viewBox="0 0 720 900" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">
      <defs>
        <linearGradient id="dusk" x2="0" y2="1">
          <stop stopColor="#f8cf9c" />
          <stop offset=".55" stopColor="#f29a6e" />
          <stop offset="1" stopColor="#dc6a48" />
        </linearGradient>
        <linearGradient id="wall" x2="0" y2="1">
          <stop stopColor="#3a211b" />
          <stop offset="1" stopColor="#2a1714" />
        </linearGradient>
        <clipPath id="arch">
          <path d="M150 690V330a210 210 0 0 1 420 0v360z" />
        </clipPath>
      </defs>
      <rect width="720" height="900" fill="url(#wall)" />
      <path d="M122 706V330a238 238 0 0 1 476 0v376z" fill="#4b2a21" />
      <g clipPath="url(#arch)">
        <rect x="140" y="100" width="440" height="600" fill="url(#dusk)" />
        <circle cx="360" cy="372" r="86" fill="#fff1d8" />
        <circle cx="360" cy="372" r="128" fill="#fff1d8" opacity=".22" />
        <path d="M140 520q110-96 214-30t226-46v260H140z" fill="#b8573f" />
        <path d="M140 588q96-62 196-14t244-34v160H140z" fill="#8d3f34" />
        <path d="M140 646q150-52 250-8t190-22v90H140z" fill="#5f2c2a" />
        <g fill="#43211f">
          <path d="M224 596c0-44 10-84 16-84s16 40 16 84z" />
          <path d="M262 604c0-34 8-64 13-64s13 30 13 64z" />
          <path d="M478 584c0-52 11-98 18-98s18 46 18 98z" />
        </g>
        <g stroke="#7c3a2d" strokeWidth="2.5" fill="none" strokeLinecap="round">
          <path d="M232 262q10-11 20 0 10-11 20 0M292 226q8-9 16 0 8-9 16 0" />
        </g>
      </g>
      <path d="M104 690h512v26H104z" fill="#6b3c2d" />
      <path d="M104 716h512v10H104z" fill="#1f110f" opacity=".5" />
      <g>
        <path d="M176 690v-62h64v62z" fill="#e9e2d6" />
        <path d="M176 628h64v13h-64z" fill="#cfc6b6" />
        <g strokeLinecap="round" strokeWidth="7">
          <path d="M192 628 180 540" stroke="#d9a066" />
          <path d="M208 628v-104" stroke="#c98b52" />
          <path d="M224 628 240 548" stroke="#e0ac74" />
        </g>
        <path d="M174 546c-3-16 2-28 4-36 7 8 11 22 9 34z" fill="#dc5229" />
        <path d="M203 526c-2-18 3-30 5-40 5 10 8 24 6 40z" fill="#3d7d86" />
        <path d="M236 552c0-16 6-26 12-34 3 10 3 24-1 36z" fill="#f2c14e" />
      </g>
      <g transform="translate(452 640)">
        <path
          d="M60-2c42 0 76 14 76 32 0 14-18 12-30 12s-14 10-46 10c-42 0-76-12-76-28S18-2 60-2z"
          fill="#d9a066"
        />
        <circle cx="18" cy="22" r="10" fill="#dc5229" />
        <circle cx="46" cy="13" r="9" fill="#f2c14e" />
        <circle cx="76" cy="12" r="9" fill="#3d7d86" />
        <circle cx="103" cy="20" r="8" fill="#fff1d8" />
        <ellipse cx="62" cy="35" rx="11" ry="7" fill="#43211f" />
      </g>
      <g fill="#f8cf9c" opacity=".55">
        <circle cx="72" cy="142" r="2.6" />
        <circle cx="640" cy="206" r="2.2" />
        <circle cx="660" cy="520" r="2.8" />
        <circle cx="54" cy="446" r="2" />
        <circle cx="620" cy="90" r="1.8" />
      </g>
    </svg>
  );
}
