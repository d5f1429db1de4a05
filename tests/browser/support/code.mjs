// Code that several tests review.

/** Models and a loop that reads a foreign key of each row: RT101 at its line 15. */
export const CODE = `from django.db import models


class Forum(models.Model):
    name = models.CharField(max_length=80)


class Topic(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)


def names():
    out = []
    for topic in Topic.objects.all():
        out.append(topic.forum.name)
    return out
`;
