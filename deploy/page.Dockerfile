# nginx with the built page. Build from the repository's root: docker build -f deploy/page.Dockerfile .
FROM node:22.20.0-alpine AS build
WORKDIR /src
COPY moments-frontend/package.json moments-frontend/package-lock.json moments-frontend/.npmrc ./
# The lock holds a hash of every package; none of them runs a script of its own.
RUN npm ci --ignore-scripts --no-progress
COPY moments-frontend/ ./
RUN npm run build

FROM nginx:1.28-alpine
COPY deploy/nginx.conf /etc/nginx/nginx.conf
COPY --from=build /src/dist /srv/page
# The user `nginx` of the image: every file it writes lies in /tmp.
USER 101:101
EXPOSE 8080
ENTRYPOINT ["nginx", "-g", "daemon off;"]
