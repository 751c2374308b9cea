// Sets the colour scheme before the first paint, so that a dark studio never flashes white. A file of its own, not an
// inline script, so that the server's content policy can forbid inline scripts.
try {
  var scheme = localStorage.getItem('mantine-color-scheme-value') || 'auto';
  if (scheme === 'auto') scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
} catch (e) {}
