// Answers on PORT until it is told to end, and for DRAIN_SECONDS more. With the argument `healthy`
// it asks the one that serves.
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t draining = 0;

static void drain(int number) {
  (void)number;
  draining = 1;
}

static long setting(const char *name) {
  const char *text = getenv(name);
  return text ? strtol(text, NULL, 10) : 0;
}

static struct sockaddr_in at(in_addr_t host) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)setting("PORT"))};
  address.sin_addr.s_addr = htonl(host);
  return address;
}

// One is served after the other: whoever is silent holds up the rest for a second at most.
static void hurry(int stream) {
  struct timeval limit = {.tv_sec = 1};
  setsockopt(stream, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(stream, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static void answer(int stream) {
  char request[2048] = "", path[256] = "", body[256] = "{\"status\":\"healthy\"}";
  const char *status = "200 OK", *version = getenv("APP_VERSION");
  if (read(stream, request, sizeof request - 1) <= 0) return;
  sscanf(request, "GET %255[^ ?]", path);
  if (strcmp(path, "/") == 0) {
    snprintf(body, sizeof body, "{\"hello\":\"world\"}");
  } else if (strcmp(path, "/health") == 0) {
    snprintf(body, sizeof body, "{\"status\":\"healthy\",\"version\":\"%s\"}", version ? version : "none");
  } else if (strcmp(path, "/health/ready") == 0 && draining) {
    status = "503 Service Unavailable";
    snprintf(body, sizeof body, "{\"status\":\"draining\"}");
  } else if (strcmp(path, "/health/ready") != 0 && strcmp(path, "/health/live") != 0) {
    status = "404 Not Found";
    snprintf(body, sizeof body, "{\"error\":\"not found\"}");
  }
  dprintf(stream, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                  "Connection: close\r\n\r\n%s", status, strlen(body), body);
}

static int is_healthy(void) {
  struct sockaddr_in address = at(INADDR_LOOPBACK);
  char said[16] = "";
  int stream = socket(AF_INET, SOCK_STREAM, 0);
  hurry(stream);
  if (connect(stream, (struct sockaddr *)&address, sizeof address) != 0) return 0;
  dprintf(stream, "GET /health/ready HTTP/1.0\r\n\r\n");
  return read(stream, said, sizeof said - 1) > 12 && strncmp(said + 8, " 200 ", 5) == 0;
}

int main(int count, char **words) {
  if (count > 1 && strcmp(words[1], "healthy") == 0) return is_healthy() ? 0 : 1;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, drain);
  struct sockaddr_in address = at(INADDR_ANY);
  int yes = 1, listening = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listening, (struct sockaddr *)&address, sizeof address) != 0 || listen(listening, 128) != 0) {
    perror("cannot listen on PORT");
    return 1;
  }
  for (time_t until = 0; until == 0 || time(NULL) < until;) {
    struct pollfd waiting = {.fd = listening, .events = POLLIN};
    if (poll(&waiting, 1, 100) > 0) {
      int stream = accept(listening, NULL, NULL);
      if (stream < 0) continue;
      hurry(stream);
      answer(stream);
      close(stream);
    }
    if (draining && until == 0) until = time(NULL) + setting("DRAIN_SECONDS");
  }
  return 0;
}
