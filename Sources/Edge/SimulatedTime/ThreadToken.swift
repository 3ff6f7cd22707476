import Glibc

/// Tells threads apart; never zero.
func currentThreadToken() -> UInt { UInt(pthread_self()) }
