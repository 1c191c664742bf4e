/* The floor under bench/media_floor.py: what a tick does to N calls' sockets, and nothing else.
 *
 *     media_floor N SLOTS     then on standard input: the peer's port; on output: our N ports,
 *                             and after SLOTS slots of 20 ms the CPU this thread took
 *
 * Each slot: N sends of 172 bytes from N connected sockets, one epoll for what has come, a recv
 * for each packet. No header is checked, nothing is counted, no timer waits for anybody.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **words)
{
    if (count != 3)
        return 2;
    int n = atoi(words[1]), slots = atoi(words[2]), port = 0, warm = 50;
    struct sockaddr_in peer = {.sin_family = AF_INET}, own;
    int *udp = calloc((size_t)n, sizeof *udp);
    uint32_t *sequence = calloc((size_t)n, sizeof *sequence);
    struct epoll_event *ready = calloc((size_t)n, sizeof *ready);
    int poll = epoll_create1(0);
    unsigned char packet[172] = {0x80}, buffer[2048];
    long sent = 0, received = 0;

    if (scanf("%d", &port) != 1 || !udp || !sequence || !ready)
        return 2;
    peer.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, "127.0.0.1", &peer.sin_addr);
    for (int i = 0; i < n; i++) {
        socklen_t size = sizeof own;
        struct epoll_event wanted = {.events = EPOLLIN, .data.fd = i};
        udp[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (udp[i] < 0 || connect(udp[i], (struct sockaddr *)&peer, sizeof peer) < 0)
            return 1;
        getsockname(udp[i], (struct sockaddr *)&own, &size);
        epoll_ctl(poll, EPOLL_CTL_ADD, udp[i], &wanted);
        printf("%d\n", ntohs(own.sin_port));
    }
    fflush(stdout);

    double origin = seconds(CLOCK_MONOTONIC), spent = 0;
    for (int slot = 0; slot < slots; slot++) {
        double due = origin + slot * 0.02, wait = due - seconds(CLOCK_MONOTONIC);
        if (wait > 0)
            usleep((useconds_t)(wait * 1e6));
        double began = seconds(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < n; i++) {
            uint32_t next = htonl(sequence[i]++);
            memcpy(packet + 4, &next, sizeof next);
            if (send(udp[i], packet, sizeof packet, 0) > 0)
                sent++;
        }
        for (int found; (found = epoll_wait(poll, ready, n, 0)) > 0;)
            for (int i = 0; i < found; i++)
                if (recv(udp[ready[i].data.fd], buffer, sizeof buffer, 0) > 0)
                    received++;
        if (slot >= warm)
            spent += seconds(CLOCK_THREAD_CPUTIME_ID) - began;
    }
    printf("%.9f %ld %ld\n", spent / (slots - warm), sent, received);
    return 0;
}
