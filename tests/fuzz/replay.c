/* Runs a fuzz target on files, so that a corpus is a plain test with any compiler: all files of the
 * folders given. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

static int replay_file(const char *folder, const char *name)
{
    static unsigned char bytes[1 << 20];
    char path[4096];
    FILE *file;
    size_t length;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rbe");
    if (!file) {
        perror(path);
        return -1;
    }
    length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    return LLVMFuzzerTestOneInput(bytes, length);
}

static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.') {
            if (replay_file(folder, entry->d_name)) {
                return -1;
            }
            n++;
        }
    }
    if (dir) {
        closedir(dir);
    }
    return n;
}

int main(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        if (replay_folder(argv[i]) <= 0) {
            fprintf(stderr, "%s: no files\n", argv[i]);
            return 1;
        }
    }
    return argc > 1 ? 0 : 2;
}
