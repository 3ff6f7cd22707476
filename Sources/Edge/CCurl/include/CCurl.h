#ifndef SLUICE_CCURL_H
#define SLUICE_CCURL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

// CURLOPT_QUICK_EXIT: a transfer that is cancelled while its name is resolved must not hold up the others.
#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or newer is needed"
#endif

typedef size_t (*ccurl_bytes_callback)(char *bytes, size_t size, size_t count, void *context);

CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value);
CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);
CURLcode ccurl_set_bytes_callback(CURL *handle, CURLoption option, ccurl_bytes_callback callback);
CURLcode ccurl_set_context(CURL *handle, CURLoption option, void *value);
// The bytes are copied.
CURLcode ccurl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count);
// A size of -1 would be strlen's: COPYPOSTFIELDS copies exactly `count` bytes.
CURLcode ccurl_set_body(CURL *handle, const void *bytes, size_t count);
// A peer that vanished is noticed after `milliseconds`, also with data in flight.
CURLcode ccurl_set_peer_timeout(CURL *handle, long milliseconds);

CURLcode ccurl_get_long(CURL *handle, CURLINFO info, long *value);
CURLcode ccurl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value);

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);

// Whether the message says that a transfer ended; then which, and how.
bool ccurl_is_done(const CURLMsg *message, CURL **handle, CURLcode *result);

// The calling thread's name, as debuggers and `top` show it; cut after 15 bytes.
void ccurl_name_thread(const char *name);

// Macros that Swift doesn't import.
static inline size_t ccurl_write_pause(void) { return CURL_WRITEFUNC_PAUSE; }
static inline int ccurl_pause_continue(void) { return CURLPAUSE_CONT; }
static inline CURLcode ccurl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

#endif
