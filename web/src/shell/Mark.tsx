/** The house mark: a b whose bowl is a palette and whose stem is the brush. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8.5" fill="#c4421f" />
      <path d="M9 6.5a2 2 0 0 1 4 0V13a7.5 7.5 0 1 1-4 6.6z" fill="#fff" />
      <circle cx="18.4" cy="19.4" r="2.6" fill="#c4421f" />
    </svg>
  );
}
