FROM oven/bun:1.4.4-slim AS modules
WORKDIR /app
COPY package.json bun.lock bunfig.toml ./
COPY packages/bullmq-sqlite/package.json ./packages/bullmq-sqlite/package.json
# Peers are compilers' and types' business; maps and types are half of what is left. Nothing of it runs.
RUN bun install --production --frozen-lockfile --omit=peer \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
COPY packages/bullmq-sqlite/src ./packages/bullmq-sqlite/src
COPY db ./db
COPY src ./src
COPY scripts ./scripts
RUN bun scripts/build.ts

FROM oven/bun:1.4.4-slim
WORKDIR /app
COPY --from=modules /app/node_modules ./node_modules
COPY --from=modules /app/dist ./dist
COPY package.json bunfig.toml LICENSE ./
COPY packages/bullmq-sqlite/package.json ./packages/bullmq-sqlite/package.json
COPY packages/bullmq-sqlite/src ./packages/bullmq-sqlite/src
COPY db ./db
COPY src ./src
COPY docs ./docs
COPY scripts ./scripts
ENV NODE_ENV=production DATA_DIR=/data PORT=3000
RUN mkdir /data && chown bun:bun /data
VOLUME /data
USER bun
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s \
  CMD ["bun", "-e", "process.exit((await fetch(`http://127.0.0.1:${process.env.PORT}/livez`)).ok ? 0 : 1)"]
CMD ["bun", "dist/current/main.js"]
