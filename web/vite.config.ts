/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { mockHandler } from './mock/server.ts';

// BOTTEGA_URL names a running server to develop against; without it the mock of the contract answers.
const upstream = process.env.BOTTEGA_URL;
const target = upstream && { target: upstream, changeOrigin: false };
// Pictures are at signed addresses below the folder that the app's own files are in.
const proxy = target ? { '/api': target, '^/assets/.*[?]exp=': target } : undefined;

function mock(): Plugin {
  return {
    name: 'bottega-mock',
    configureServer: (server) => void server.middlewares.use(mockHandler()),
    configurePreviewServer: (server) => void server.middlewares.use(mockHandler()),
  };
}

export default defineConfig({
  plugins: [react(), ...(upstream ? [] : [mock()])],
  server: { port: 5173, proxy },
  preview: { port: 4173, proxy },
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
    manifest: true,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}', 'mock/**/*.test.ts'],
    setupFiles: ['src/test-setup.ts'],
    maxWorkers: 1,
  },
});
