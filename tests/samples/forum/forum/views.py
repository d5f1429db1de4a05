from django.contrib.auth.decorators import login_required, permission_required
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, render

from .models import Forum, Post, Topic


def topic_row(topic):
    """One line of the list, as the page's script expects it."""
    return {
        "heading": topic.heading,
        "by": topic.poster.get_username(),
        "created": topic.created.isoformat(),
    }


def front_page(request):
    topics = Topic.objects.filter(status=Topic.Status.OPEN).order_by("-created")[:50]
    return JsonResponse({"topics": [topic_row(topic) for topic in topics]})


def forum_page(request, slug):
    forum = get_object_or_404(Forum, slug=slug)
    topics = forum.topics.order_by("-created")
    return render(request, "forum/forum.html", {"forum": forum, "topics": topics})


def by_reference(request, reference):
    topic = get_object_or_404(Topic, reference=reference)
    posts = []
    for post in topic.posts.all():
        posts.append({"by": post.author.get_username(), "text": post.text})
    return JsonResponse({"subject": topic.subject, "posts": posts})


@login_required
@permission_required("forum.change_topic")
def moderation(request):
    topics = Topic.objects.all()
    return JsonResponse({
        "open": topics.filter(status="open").count(),
        "closed": topics.filter(status="closed").count(),
        "hidden": topics.filter(status="hidden").count(),
        "posts": Post.objects.count(),
    })
