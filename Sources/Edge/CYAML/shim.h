// The system's libyaml, as it is. Nothing is added here.
#include <yaml.h>
